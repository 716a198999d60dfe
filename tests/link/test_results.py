"""The link machine and its results: oldest first, a few at a time, until the receipt."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from device.domain.errors import Drop
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.link import events
from device.link.actions import (
    OpenSigned,
    ReadOutbox,
    ReportStale,
    SendResult,
    Settle,
)
from device.link.policy import LinkPolicy
from device.wire import topics
from device.wire.codec import encode
from device.wire.messages import (
    Begin,
    Challenge,
    SignedReceipt,
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


def test_what_the_outbox_holds_goes_out_oldest_first(bench: Bench) -> None:
    bench.connect()
    assert bench.results(bench.read(1, 2, 3)) == [1, 2, 3]


def test_a_result_that_is_kept_while_the_line_is_up_is_fetched_and_sent(up: Bench) -> None:
    assert up.tell(events.ResultKept()) == [ReadOutbox(4)]
    assert up.read(1) == [SendResult(RESULT, up.kept(1), expiry_s=30)]


def test_a_result_that_is_kept_without_a_line_is_fetched_when_there_is_one(bench: Bench) -> None:
    assert bench.tell(events.ResultKept()) == []
    assert ReadOutbox(4) in bench.connect()


def test_only_a_receipt_settles(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    assert up.settle(1) == []
    assert up.wait(POLICY.result_repeat_longest_s) == []


def test_a_refusal_settles_too_and_brings_its_reason(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    refusal = up.receipt(1, "refused", Reason.SERVICE_REFUSED)
    assert up.tell(events.Opened(refusal)) == [Settle(refusal)]
    up.tell(events.Settled("message-1"))
    assert up.wait(POLICY.result_repeat_longest_s) == []


def test_a_receipt_for_a_result_of_an_earlier_life_settles_it(up: Bench) -> None:
    receipt = up.receipt(7)
    assert up.tell(events.Opened(receipt)) == [Settle(receipt)]


def test_a_result_without_receipt_is_sent_again_after_ever_longer_waits(up: Bench) -> None:
    up.wait(POLICY.steady_after_s)
    up.tell(events.ResultKept())
    up.read(1)
    waits = []
    for _ in range(7):
        waits.append(up.wakes_in_s)
        up.now_s += up.wakes_in_s
        (again,) = up.tell(events.TimePassed())
        # One copy at the broker at a time: it expires when the next one comes.
        assert again == SendResult(RESULT, up.kept(1), expiry_s=math.ceil(min(waits[-1] * 2, 900)))
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_a_result_without_receipt_is_sent_again_on_the_next_connection(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    assert ReadOutbox(4) in up.lose_line_and_reconnect()
    assert up.results(up.read(1)) == [1]


def test_no_more_than_a_few_results_are_under_way(bench: Bench) -> None:
    bench.connect()
    bench.read(1, 2, 3, 4)
    assert bench.tell(events.ResultKept()) == []


def test_of_a_long_queue_the_next_part_is_fetched_when_half_is_through(bench: Bench) -> None:
    bench.connect()
    bench.read(1, 2, 3, 4)
    fetched = [ReadOutbox(4) in bench.settle(number) for number in (1, 2)]
    assert fetched == [False, True]
    assert bench.results(bench.read(3, 4, 5, 6)) == [5, 6]


def test_a_result_kept_beside_a_full_window_goes_out_with_the_first_free_place(bench: Bench) -> None:
    bench.connect()
    bench.read(1, 2, 3, 4)
    bench.tell(events.ResultKept())
    assert bench.settle(1) == [ReadOutbox(4)]


def test_results_read_when_the_line_is_already_gone_are_not_sent(bench: Bench) -> None:
    bench.connect()
    bench.tell(events.Disconnected("the line broke"))
    assert bench.read(1) == []


def test_an_outbox_that_fails_is_left_in_peace_for_a_while(bench: Bench) -> None:
    bench.connect()
    assert bench.tell(events.OutboxFailed()) == []
    assert bench.tell(events.ResultKept()) == []
    assert bench.wakes_in_s <= POLICY.outbox_retry_s
    bench.wait(POLICY.outbox_retry_s - 1)
    assert bench.wakes_in_s == 1
    assert bench.wait(1) == [ReadOutbox(4)]


def test_a_receipt_is_looked_at_before_it_counts(up: Bench) -> None:
    signed = SignedReceipt(jws="a.b.c")
    assert up.hear(RECEIPT, encode(signed)) == [OpenSigned(signed)]


def test_a_result_whose_receipt_was_dropped_is_sent_again(up: Bench) -> None:
    up.wait(POLICY.steady_after_s)
    up.tell(events.ResultKept())
    up.read(1)
    assert up.tell(events.Opened(up.receipt(1))) == [Settle(up.receipt(1))]
    assert up.tell(events.Dropped(Drop.FORGED)) == []
    assert up.machine.dropped == {Drop.FORGED: 1}
    assert up.results(up.wait(POLICY.result_repeat_first_s)) == [1]


def test_a_stale_copy_of_nothing_that_is_under_way_is_no_news(up: Bench) -> None:
    assert up.tell(events.Opened(up.receipt(1, "stale"))) == []
    assert up.machine.dropped == {Drop.UNSOLICITED: 1}


def test_a_stale_copy_that_we_did_not_send_is_no_news(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    other = replace(up.receipt(1, "stale"), digest=bytes(32))
    assert up.tell(events.Opened(other)) == []
    assert up.machine.dropped == {Drop.FORGED: 1}


def test_a_stale_copy_settles_nothing_and_is_reported(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    stale = up.receipt(1, "stale", Reason.SERVICE_REFUSED)
    assert up.tell(events.Opened(stale)) == [ReportStale(stale)]
    assert up.results(up.wait(POLICY.result_repeat_first_s)) == [1]


def test_results_that_nobody_hears_are_said_again_soon_and_then_less_soon(up: Bench) -> None:
    up.wait(POLICY.steady_after_s)
    up.tell(events.ResultKept())
    up.read(1, 2)
    waits = []
    for _ in range(4):
        for _ in range(2):
            assert up.tell(events.Unheard(RESULT)) == []
        waits.append(round(up.wakes_in_s, 3))
        assert up.results(up.wait(up.wakes_in_s)) == [1, 2]
    assert waits == [0.4, 0.5, 0.625, 0.781]


def test_a_receipt_shows_that_somebody_listens_again(up: Bench) -> None:
    up.wait(POLICY.steady_after_s)
    up.tell(events.ResultKept())
    up.read(1, 2)
    up.tell(events.Unheard(RESULT))
    up.wait(up.wakes_in_s)
    up.settle(1)
    assert up.wakes_in_s > POLICY.result_repeat_first_s / 2
    up.tell(events.Unheard(RESULT))
    assert up.wakes_in_s == pytest.approx(POLICY.result_unheard_s)


def test_a_status_that_nobody_hears_is_not_said_again(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    up.tell(events.Unheard(STATUS))
    assert up.wakes_in_s > POLICY.result_unheard_s
