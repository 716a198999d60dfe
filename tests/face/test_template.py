from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

from device.face.embed import Template

DIRECTION = np.eye(1, 128, dtype=np.float32)[0]


def test_a_template_tells_its_cosine_and_nothing_else() -> None:
    template = Template(DIRECTION)

    assert template.score(DIRECTION) == 1.0
    assert repr(template) == f"{template}" == "Template()"


def test_a_template_cannot_be_compared_copied_hashed_or_serialised() -> None:
    template = Template(DIRECTION)

    with pytest.raises(TypeError):
        bool(template == template)  # noqa: PLR0124  that even this is refused is the point
    for leak in (hash, copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            leak(template)


def test_wiping_overwrites_the_buffer_itself_and_may_be_repeated() -> None:
    template = Template(DIRECTION)
    buffer = template._direction  # noqa: SLF001  nothing public reaches the numbers
    assert buffer is not None

    template.wipe()
    template.wipe()

    assert not buffer.any()
    with pytest.raises(ValueError, match="wiped"):
        template.score(DIRECTION)


def test_a_template_keeps_no_hold_of_what_it_was_made_from() -> None:
    source = DIRECTION.copy()
    template = Template(source)
    source.fill(0)

    assert template.score(DIRECTION) == 1.0


def test_wiping_from_another_thread_never_turns_into_a_match() -> None:
    template = Template(DIRECTION)
    scores: list[float] = []

    def keep_scoring() -> None:
        try:
            while True:
                scores.append(template.score(DIRECTION))
        except ValueError:
            return

    scorer = threading.Thread(target=keep_scoring)
    scorer.start()
    template.wipe()
    scorer.join()

    assert all(score in {0.0, 1.0} for score in scores)
