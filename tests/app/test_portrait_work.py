"""Whoever waits for the card's portrait gets it once, and what comes after its visit is wiped."""

from __future__ import annotations

import numpy as np
import pytest

from device.app.portrait_work import Made, PortraitWork
from device.domain.reasons import Reason
from device.face.embed import Template

DIRECTION = np.array([0.6, 0.8], np.float32)


@pytest.fixture
def template() -> Template:
    return Template(DIRECTION)


@pytest.mark.parametrize("waits_first", [True, False])
def test_what_came_of_the_portrait_is_handed_over_once(template: Template, *, waits_first: bool) -> None:
    work, got = PortraitWork(), list[Made]()
    if waits_first:
        work.when_made(got.append)
    work.end(template)
    if not waits_first:
        work.when_made(got.append)

    assert len(got) == 1
    assert got[0] is template
    assert work.template is template


def test_a_failure_is_handed_over_and_leaves_no_template() -> None:
    work, got = PortraitWork(), list[Made]()
    work.end(Reason.PORTRAIT_UNREADABLE)
    work.when_made(got.append)

    assert got == [Reason.PORTRAIT_UNREADABLE]
    assert work.template is None


def test_the_latest_to_wait_is_served(template: Template) -> None:
    work, first, second = PortraitWork(), list[Made](), list[Made]()
    work.when_made(first.append)
    work.when_made(second.append)
    work.end(template)

    assert not first
    assert len(second) == 1


def test_a_template_of_a_forgotten_visit_is_wiped_whether_it_came_before_or_after(template: Template) -> None:
    late = Template(DIRECTION)
    work, got = PortraitWork(), list[Made]()
    work.end(template)
    work.forget()
    other = PortraitWork()
    other.when_made(got.append)
    other.forget()
    other.end(late)

    assert not got
    assert work.template is other.template is None
    for wiped in (template, late):
        with pytest.raises(ValueError, match="wiped"):
            wiped.score(DIRECTION)
