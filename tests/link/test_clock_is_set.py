"""The clock of the day: wrong by years, and then set. What it kept from the clinic goes at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from device.domain.errors import Drop
from device.domain.reasons import Reason
from device.link import events
from device.link.actions import Connect, ReportStale, SendResult
from device.link.machine import State
from device.link.policy import LinkPolicy

if TYPE_CHECKING:
    from tests.link.conftest import Bench, World

POLICY = LinkPolicy()
TEN_YEARS = timedelta(days=3652)


def refused(bench: Bench) -> None:
    """Turn the unit away until it pauses for long."""
    bench.tell(events.Start())
    for _ in range(8):
        bench.tell(events.Disconnected("certificate is not yet valid", refused=True))
        bench.wait(POLICY.backoff_refused_s)
    bench.tell(events.Disconnected("certificate is not yet valid", refused=True))


def test_a_unit_that_was_turned_away_looks_at_the_clock_every_second(bench: Bench) -> None:
    refused(bench)
    assert bench.wakes_in_s == POLICY.clock_look_s
    assert bench.wait(POLICY.clock_look_s) == []
    assert bench.wakes_in_s == POLICY.clock_look_s


def test_a_unit_that_was_turned_away_tries_again_when_the_clock_is_set(bench: Bench) -> None:
    refused(bench)
    assert bench.tell(events.ClockSet()) == [Connect()]
    bench.tell(events.Disconnected("certificate is not yet valid", refused=True))
    assert bench.machine.state.name == State.PAUSING.name
    assert bench.wait(POLICY.backoff_first_s) == [Connect()]


def test_a_unit_without_a_broker_does_not_look_at_the_clock(bench: Bench) -> None:
    bench.tell(events.Start())
    for _ in range(8):
        bench.tell(events.Disconnected("nobody listens"))
        bench.wait(POLICY.backoff_longest_s)
    bench.tell(events.Disconnected("nobody listens"))
    assert bench.wakes_in_s > POLICY.clock_look_s


def test_copies_that_were_stale_go_out_again_when_the_clock_is_set(up: Bench) -> None:
    up.wait(POLICY.steady_after_s)
    up.tell(events.ResultKept())
    up.read(1, 2)
    stale = up.receipt(1, "stale")
    assert up.tell(events.Opened(stale)) == [ReportStale(stale)]
    assert up.wakes_in_s == POLICY.clock_look_s
    again = up.tell(events.ClockSet())
    assert all(isinstance(action, SendResult) for action in again)
    assert up.results(again) == [1, 2]
    assert up.wakes_in_s == POLICY.result_repeat_first_s * 2


def test_a_receipt_whose_date_was_doubted_makes_the_unit_look_at_the_clock_until_one_is_good(up: Bench) -> None:
    up.wait(POLICY.steady_after_s)
    up.tell(events.ResultKept())
    up.read(1, 2)
    up.tell(events.Dropped(Drop.STALE))
    assert up.wakes_in_s == POLICY.clock_look_s
    up.settle(1)
    assert up.wakes_in_s > POLICY.clock_look_s


@pytest.mark.parametrize("wrong_by", [TEN_YEARS, -TEN_YEARS])
def test_a_result_of_a_wrong_clock_is_at_the_clinic_a_second_after_the_clock_is_set(
    world: World, wrong_by: timedelta
) -> None:
    world.link.start()
    world.clock.set_wrong_by(wrong_by)
    message_id = world.report()
    world.pass_time(600)
    assert world.waiting == [message_id]
    assert set(world.link.dropped) == {Drop.STALE}
    world.clock.set_wrong_by(timedelta())
    world.pass_time(POLICY.clock_look_s)
    assert world.waiting == []
    assert list(world.clinic.stored) == [message_id]
    assert Reason.CLOCK_DOUBTFUL not in {fault.reason for fault in world.faults}


def test_a_clock_that_creeps_disturbs_nobody(world: World) -> None:
    world.link.start()
    world.clinic.is_open = False
    world.report()
    said = len(world.said)
    for seconds in range(1, 20):
        world.clock.set_wrong_by(timedelta(seconds=seconds))
        world.link.run_due()
    assert len(world.said) == said
