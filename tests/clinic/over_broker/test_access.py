"""Who may speak and listen where, held by the broker and by the clinic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.messages import (
    Begin,
    Challenge,
)
from provisioning.broker import Branch

if TYPE_CHECKING:
    from tests.clinic.over_broker.conftest import Site

pytestmark = pytest.mark.broker

UNIT = UnitId("sim-0001")
DENIED = "Not authorized"


def test_a_unit_speaks_under_its_own_name_only(site_with_broker: Site) -> None:
    thief = site_with_broker.unit("sim-0002")

    assert thief.say(topics.up(UNIT, topics.Up.ASK), b"{}") == DENIED
    assert thief.say(topics.down(UNIT, topics.Down.ANSWER), b"{}") == DENIED
    assert thief.say(topics.down(thief.name, topics.Down.RECEIPT), b"{}") == DENIED
    assert thief.say("reader/v1/fleet/announce", b"{}") == DENIED
    assert thief.say(topics.up(thief.name, topics.Up.STATUS), b"{}", retain=True) == "Success"


def test_a_unit_hears_only_what_it_is_told_even_when_it_listens_to_everything(site_with_broker: Site) -> None:
    site_with_broker.open_clinic()
    listener, unit = site_with_broker.unit("sim-0002"), site_with_broker.unit()

    unit.ask(Begin(ask_id=unit.ask_id(), reception="a" * 32))
    listener.ask(Begin(ask_id=listener.ask_id(), reception="b" * 32))  # heard its own answer first, so nothing before

    assert listener.heard.empty()


def test_borrowing_a_client_id_disturbs_nobody(site_with_broker: Site) -> None:
    site_with_broker.open_clinic()
    unit = site_with_broker.unit()
    thief = site_with_broker.unit("sim-0002", client_id=UNIT)

    assert isinstance(unit.ask(Begin(ask_id=unit.ask_id(), reception="a" * 32)), Challenge)
    assert thief.heard.empty()


@pytest.mark.parametrize(("branch", "stranger"), [(Branch.PRODUCTION, "sim-0001"), (Branch.SIMULATION, "unit-0001")])
def test_the_other_branch_is_granted_to_nobody(open_site: Callable[..., Site], branch: Branch, stranger: str) -> None:
    unit = open_site(branch).unit(stranger)

    assert unit.say(topics.up(unit.name, topics.Up.RESULT), b"{}") == DENIED


def test_a_unit_of_the_other_kind_in_this_branch_is_not_answered(site_with_broker: Site) -> None:
    gateway, _ = site_with_broker.open_clinic().lines
    pretender, unit = site_with_broker.unit("unit-0001"), site_with_broker.unit()

    # The broker cannot tell kinds of units apart by name; the clinic can.
    begin = Begin(ask_id="ask-other", reception="a" * 32)
    assert pretender.say(f"{Branch.SIMULATION}/unit-0001/up/ask", encode(begin)) == "Success"

    unit.ask(Begin(ask_id=unit.ask_id(), reception="b" * 32))
    assert gateway.dropped == {"refused": 1}
    assert pretender.heard.empty()
