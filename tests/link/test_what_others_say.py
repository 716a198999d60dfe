"""What a broker may say to the link machine, whoever it is: dropped and counted, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import Drop
from device.domain.values import UnitId
from device.link import events
from device.link.actions import (
    DeliverAnswer,
)
from device.link.policy import LinkPolicy
from device.wire import topics
from device.wire.codec import MAX_BYTES, encode
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


@pytest.mark.parametrize("topic", [ASK, "reader/v1/unit/another/down/answer", "", ANSWER + "/more"])
def test_a_message_on_a_foreign_topic_is_dropped(up: Bench, topic: str) -> None:
    assert up.hear(topic, encode(CHALLENGE)) == []
    assert up.machine.dropped == {Drop.FOREIGN_TOPIC: 1}


@pytest.mark.parametrize("topic", [ANSWER, RECEIPT])
def test_a_retained_message_is_dropped(up: Bench, topic: str) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.hear(topic, encode(CHALLENGE), retained=True) == []
    assert up.machine.dropped == {Drop.RETAINED: 1}


@pytest.mark.parametrize(
    ("payload", "drop"),
    [
        (b"", Drop.MALFORMED),
        (b"not JSON", Drop.MALFORMED),
        (b"{}", Drop.MALFORMED),
        (b"\xff\xfe", Drop.MALFORMED),
        ('{"v":1}'.encode("utf-16"), Drop.MALFORMED),
        (b'{"v":1,"kind":"\x82\xa0"}', Drop.MALFORMED),
        (b'{"v":2,"kind":"challenge"}', Drop.FOREIGN_VERSION),
        (encode(READY), Drop.MALFORMED),
        (encode(CHALLENGE), Drop.MALFORMED),
        (b"[" * 100_000, Drop.MALFORMED),
        (b'{"v":1,"kind":' + b'{"a":' * 50_000, Drop.MALFORMED),
        (b" " * (MAX_BYTES + 1), Drop.OVERSIZED),
    ],
    ids=lambda value: value.value if isinstance(value, Drop) else repr(value[:16]),
)
@pytest.mark.parametrize("topic", [ANSWER, RECEIPT])
def test_what_is_no_message_is_dropped_and_counted_by_its_reason(
    up: Bench, topic: str, payload: bytes, drop: Drop
) -> None:
    assert up.hear(topic, payload) == []
    assert up.machine.dropped == {drop: 1}


@given(st.sampled_from([ANSWER, RECEIPT]), st.binary())
def test_no_bytes_from_outside_raise(new_bench: Callable[[], Bench], topic: str, payload: bytes) -> None:
    bench = new_bench()
    bench.connect()
    bench.hear(topic, payload)
    assert bench.machine.dropped.total() == 1


@pytest.mark.parametrize(
    "topic", ["reader/v1/unit/+/down/answer", "reader/v1/unit/#", "#", ANSWER + "\n", "\0", "a\x1b[2J"]
)
def test_a_hostile_broker_says_nothing_on_topics_that_are_patterns_or_hold_control_characters(
    up: Bench, topic: str
) -> None:
    assert up.hear(topic, encode(CHALLENGE)) == []
    assert up.machine.dropped == {Drop.FOREIGN_TOPIC: 1}


def test_a_flood_harms_nothing_and_the_answer_still_arrives(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    for _ in range(500):
        up.hear(ANSWER, b"[" * 1000)
        up.hear("#", b"")
    assert up.open(BEGIN, CHALLENGE) == [DeliverAnswer(CHALLENGE)]
    assert up.machine.dropped.total() == 1000
