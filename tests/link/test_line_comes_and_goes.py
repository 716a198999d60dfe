"""The link machine and its line: when it connects, what it says then, when it tries again."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.link import events
from device.link.actions import (
    Action,
    Close,
    Connect,
    LineDown,
    LineUp,
    Publish,
    ReadOutbox,
    Subscribe,
)
from device.link.machine import State
from device.link.policy import LinkPolicy
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import (
    Begin,
    Challenge,
    Status,
)

if TYPE_CHECKING:
    from tests.link.conftest import Bench

UNIT = UnitId("unit-front-desk")
ASK, RESULT, STATUS = (topics.up(UNIT, leaf) for leaf in (topics.Up.ASK, topics.Up.RESULT, topics.Up.STATUS))
ANSWER, RECEIPT = (topics.down(UNIT, leaf) for leaf in (topics.Down.ANSWER, topics.Down.RECEIPT))
POLICY = LinkPolicy(results_in_flight=4)
READY = Status(unit=UNIT, state="ready", birth_id="birth-one", version="1.0", troubles=[], simulated=False)
BEGIN = Begin(ask_id="ask-00001", reception="visit-0001")
CHALLENGE = Challenge(ask_id="ask-00001", challenge=b"sign this", expires_at=datetime(2026, 4, 1, tzinfo=UTC))


IMPAIRED = replace(READY, state="impaired", troubles=[Reason.CAMERA_FAULT])


def statuses(actions: list[Action]) -> list[Status]:
    said = [action for action in actions if isinstance(action, Publish) and action.topic == STATUS]
    return [decode(action.payload, Status) for action in said]


def test_nothing_happens_before_the_start(bench: Bench) -> None:
    assert bench.machine.state is State.OFF
    assert bench.machine.wake_at_s == math.inf


def test_the_start_connects_at_once_and_a_second_start_changes_nothing(bench: Bench) -> None:
    assert bench.tell(events.Start()) == [Connect()]
    assert bench.tell(events.Start()) == []


def test_a_new_connection_listens_says_its_status_and_looks_into_the_outbox(bench: Bench) -> None:
    actions = bench.connect()
    assert actions == [
        Subscribe(ANSWER),
        Subscribe(RECEIPT),
        Publish(STATUS, encode(READY), expiry_s=POLICY.status_expiry_s, retain=True),
        LineUp(),
        ReadOutbox(4),
    ]


def test_everything_is_said_again_on_the_next_connection(up: Bench) -> None:
    assert up.lose_line_and_reconnect()[:4] == [
        Subscribe(ANSWER),
        Subscribe(RECEIPT),
        Publish(STATUS, encode(READY), expiry_s=POLICY.status_expiry_s, retain=True),
        LineUp(),
    ]


@pytest.mark.parametrize(
    ("refused", "expected"), [(True, [0.5, 1, 2, 4, 8, 16, 32, 60]), (False, [0.5, 1, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5])]
)
def test_who_is_refused_comes_later_and_later_and_who_finds_nobody_comes_soon(
    bench: Bench, *, refused: bool, expected: list[float]
) -> None:
    bench.tell(events.Start())
    waits = []
    for _ in expected:
        bench.tell(events.Disconnected("no luck", refused))
        waits.append(bench.wait_for_an_attempt())
    assert waits == expected


def test_a_silent_broker_is_given_up_after_a_time(bench: Bench) -> None:
    bench.tell(events.Start())
    assert bench.wait(POLICY.connect_timeout_s) == [Close(), LineDown("no answer from the broker within 30 s")]
    assert bench.machine.state is State.PAUSING


def test_the_same_cause_is_told_once_and_another_cause_is_news(bench: Bench) -> None:
    bench.tell(events.Start())
    told = []
    for why in ("no broker listens", "no broker listens", "certificate refused"):
        told += bench.tell(events.Disconnected(why))
        bench.wait(bench.wakes_in_s)
    assert told == [LineDown("no broker listens"), LineDown("certificate refused")]


def test_a_line_that_was_there_and_broke_is_news_even_for_the_same_cause(bench: Bench) -> None:
    bench.tell(events.Start())
    bench.tell(events.Disconnected("the line broke"))
    bench.wait(bench.wakes_in_s)
    bench.tell(events.Connected())
    assert bench.tell(events.Disconnected("the line broke")) == [LineDown("the line broke")]


def test_a_connection_that_held_starts_the_back_off_anew(bench: Bench) -> None:
    bench.connect()
    for _ in range(3):
        bench.lose_line_and_reconnect()
    bench.wait(POLICY.steady_after_s)
    bench.tell(events.Disconnected("the line broke"))
    assert bench.wakes_in_s == POLICY.backoff_first_s


def test_a_connection_that_is_thrown_off_at_once_does_not(bench: Bench) -> None:
    bench.connect()
    waits = []
    for _ in range(5):
        bench.wait(POLICY.steady_after_s - 1)
        bench.tell(events.Disconnected("another machine took this name", refused=True))
        waits.append(bench.wait_for_an_attempt())
        bench.tell(events.Connected())
    assert waits == [0.5, 1, 2, 4, 8]


def test_news_of_an_attempt_that_was_given_up_changes_nothing(bench: Bench) -> None:
    bench.tell(events.Start())
    bench.wait(POLICY.connect_timeout_s)
    assert bench.tell(events.Connected()) == []
    assert bench.tell(events.Disconnected("hung up")) == []


def test_stopping_says_offline_with_the_same_birth_id_and_lets_go(up: Bench) -> None:
    farewell, close = up.tell(events.Stop())
    assert statuses([farewell])[0] == decode(up.machine.last_will.payload, Status)
    assert statuses([farewell])[0].state == "offline"
    assert statuses([farewell])[0].birth_id == READY.birth_id
    assert close == Close()
    assert up.machine.wake_at_s == math.inf


def test_stopping_without_a_line_only_lets_go(bench: Bench) -> None:
    bench.tell(events.Start())
    assert bench.tell(events.Stop()) == [Close()]
    assert bench.tell(events.Stop()) == []


def test_a_stopped_machine_can_be_started_again(up: Bench) -> None:
    up.tell(events.Stop())
    assert up.tell(events.Start()) == [Connect()]


def test_a_cause_that_was_told_before_a_stop_is_told_again_after_the_next_start(bench: Bench) -> None:
    told = []
    for _ in range(2):
        bench.tell(events.Start())
        told += bench.tell(events.Disconnected("no broker listens"))
        bench.tell(events.Stop())
    assert told == [LineDown("no broker listens")] * 2


def test_the_last_will_is_retained_on_the_status_topic_and_gives_time_to_come_back(bench: Bench) -> None:
    will = bench.machine.last_will
    assert (will.topic, will.retain, will.delay_s) == (STATUS, True, POLICY.will_delay_s)


def test_a_new_status_is_said_at_once_and_on_every_connection_from_then_on(up: Bench) -> None:
    assert statuses(up.tell(events.StatusChanged(IMPAIRED))) == [IMPAIRED]
    assert statuses(up.lose_line_and_reconnect()) == [IMPAIRED]
    assert up.machine.status == IMPAIRED


def test_a_status_that_changes_without_a_line_is_said_when_there_is_one(bench: Bench) -> None:
    assert bench.tell(events.StatusChanged(IMPAIRED)) == []
    assert statuses(bench.connect()) == [IMPAIRED]
