"""The link machine without a line: what goes in, what comes out."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.reasons import Reason
from device.domain.values import CertificateState, UnitId
from device.link import events
from device.link.actions import (
    Action,
    AskLost,
    Close,
    Connect,
    DeliverAnswer,
    LineDown,
    LineUp,
    Publish,
    ReadOutbox,
    Settle,
    Subscribe,
)
from device.link.backoff import Backoff
from device.link.machine import LinkMachine, State
from device.link.policy import LinkPolicy
from device.ports.line import Incoming, Kept
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import (
    Answer,
    Ask,
    Begin,
    Challenge,
    Confirm,
    Holder,
    HolderKnown,
    Qualification,
    Receipt,
    Refused,
    Status,
)

UNIT = UnitId("unit-front-desk")
ASK, RESULT, STATUS = (topics.up(UNIT, leaf) for leaf in (topics.Up.ASK, topics.Up.RESULT, topics.Up.STATUS))
ANSWER, RECEIPT = (topics.down(UNIT, leaf) for leaf in (topics.Down.ANSWER, topics.Down.RECEIPT))
POLICY = LinkPolicy(results_in_flight=4)
READY = Status(unit=UNIT, state="ready", birth_id="birth-one", version="1.0", troubles=[], simulated=False)
BEGIN = Begin(ask_id="ask-00001", reception="visit-0001")
CHALLENGE = Challenge(ask_id="ask-00001", challenge=b"sign this", expires_at=datetime(2026, 4, 1, tzinfo=UTC))


class Bench:
    """A machine and a clock that is turned by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        # No luck: the delay before a new attempt is always the longest possible.
        self.machine = LinkMachine(READY, random=lambda: 0.0, policy=POLICY)

    def tell(self, event: events.Event) -> list[Action]:
        return self.machine.handle(event, self.now_s)

    def wait(self, seconds: float) -> list[Action]:
        self.now_s += seconds
        return self.tell(events.TimePassed())

    def hear(self, topic: str, payload: bytes, *, retained: bool = False) -> list[Action]:
        return self.tell(events.Received(Incoming(topic, payload, retained)))

    def read(self, *numbers: int) -> list[Action]:
        return self.tell(events.OutboxRead(tuple(kept(number) for number in numbers)))

    def connect(self) -> list[Action]:
        self.tell(events.Start())
        return self.tell(events.Connected())

    def lose_line_and_reconnect(self) -> list[Action]:
        self.tell(events.Disconnected("the line broke"))
        self.wait(POLICY.backoff_longest_s)
        return self.tell(events.Connected())

    @property
    def wakes_in_s(self) -> float:
        return self.machine.wake_at_s - self.now_s


def kept(number: int) -> Kept:
    return Kept(number, f"message-{number}", b"sealed result %d" % number)


def results(actions: list[Action]) -> list[bytes]:
    return [action.payload for action in actions if isinstance(action, Publish) and action.topic == RESULT]


def asks(actions: list[Action]) -> list[str]:
    said = [action for action in actions if isinstance(action, Publish) and action.topic == ASK]
    return [decode_ask(action.payload).ask_id for action in said]


def decode_ask(payload: bytes) -> Ask:
    ask: Ask = decode(payload, Ask)
    return ask


def statuses(actions: list[Action]) -> list[Status]:
    said = [action for action in actions if isinstance(action, Publish) and action.topic == STATUS]
    return [decode(action.payload, Status) for action in said]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def up(bench: Bench) -> Bench:
    """A machine that is connected and found its outbox empty."""
    bench.connect()
    bench.read()
    return bench


# --- coming up and going down ---


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


def test_a_refused_connection_is_tried_again_later_and_later(bench: Bench) -> None:
    bench.tell(events.Start())
    waits = []
    for _ in range(7):
        bench.tell(events.Disconnected("no broker listens"))
        waits.append(bench.wakes_in_s)
        assert bench.wait(bench.wakes_in_s) == [Connect()]
    assert waits == [2, 4, 8, 16, 32, 60, 60]


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
    bench.lose_line_and_reconnect()
    bench.wait(POLICY.steady_after_s - 1)
    bench.tell(events.Disconnected("another machine took this name"))
    assert bench.wakes_in_s == 2 * POLICY.backoff_first_s


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
    impaired = Status(
        unit=UNIT,
        state="impaired",
        birth_id="birth-one",
        version="1.0",
        troubles=[Reason.CAMERA_FAULT],
        simulated=False,
    )
    assert statuses(up.tell(events.StatusChanged(impaired))) == [impaired]
    assert statuses(up.lose_line_and_reconnect()) == [impaired]
    assert up.machine.status == impaired


def test_a_status_that_changes_without_a_line_is_said_when_there_is_one(bench: Bench) -> None:
    impaired = Status(
        unit=UNIT,
        state="impaired",
        birth_id="birth-one",
        version="1.0",
        troubles=[Reason.CAMERA_FAULT],
        simulated=False,
    )
    assert bench.tell(events.StatusChanged(impaired)) == []
    assert statuses(bench.connect()) == [impaired]


@given(st.floats(0.01, 100), st.floats(1, 1000), st.lists(st.floats(0, 1, exclude_max=True), min_size=1))
def test_every_delay_is_positive_and_below_a_limit_that_doubles(
    first_s: float, ratio: float, luck: list[float]
) -> None:
    longest_s = first_s * ratio
    draws = iter(luck)
    backoff = Backoff(first_s, longest_s, lambda: next(draws))
    for failure in range(len(luck)):
        delay_s = backoff.next_delay_s()
        assert 0 < delay_s <= min(first_s * 2**failure, longest_s) * (1 + 1e-9)
    backoff.reset()
    draws = iter([0.0])
    assert backoff.next_delay_s() == first_s


# --- asks ---


def test_an_ask_goes_out_at_once_and_expires_when_nobody_waits_any_more(up: Bench) -> None:
    (said,) = up.tell(events.AskIssued(BEGIN, up.now_s + 7.5))
    assert said == Publish(ASK, encode(BEGIN), expiry_s=8)


def test_the_answer_reaches_the_owner_and_a_second_one_does_not(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.hear(ANSWER, encode(CHALLENGE)) == [DeliverAnswer(CHALLENGE)]
    assert up.hear(ANSWER, encode(CHALLENGE)) == []
    assert up.machine.dropped.late == 1


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (BEGIN, CHALLENGE),
        (
            Holder(ask_id="ask-00001", reception="visit-0001", evidence="sealed"),
            HolderKnown(ask_id="ask-00001", certificate=CertificateState.GOOD, ask_consent=[]),
        ),
        (
            Confirm(ask_id="ask-00001", reception="visit-0001", consents={}),
            Qualification(ask_id="ask-00001", reason=Reason.QUALIFIED, notices=[], sealed=None),
        ),
    ],
)
def test_each_ask_takes_its_own_kind_of_answer_or_a_refusal(up: Bench, ask: Ask, answer: Answer) -> None:
    for reply in (answer, Refused(ask_id="ask-00001", reason=Reason.SERVICE_REFUSED)):
        up.tell(events.AskIssued(ask, up.now_s + 9))
        assert up.hear(ANSWER, encode(reply)) == [DeliverAnswer(reply)]


def test_an_answer_that_does_not_fit_its_ask_is_dropped_and_the_ask_goes_on_waiting(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    misfit = Qualification(ask_id="ask-00001", reason=Reason.QUALIFIED, notices=[], sealed=None)
    assert up.hear(ANSWER, encode(misfit)) == []
    assert up.machine.dropped.late == 1
    assert up.hear(ANSWER, encode(CHALLENGE)) == [DeliverAnswer(CHALLENGE)]


def test_an_ask_without_answer_is_said_once_more_and_then_lost(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.wait(2.9) == []
    assert asks(up.wait(0.1)) == ["ask-00001"]
    assert up.wait(5.9) == []
    assert up.wait(0.1) == [AskLost("ask-00001", Reason.SERVICE_UNREACHABLE)]
    assert up.hear(ANSWER, encode(CHALLENGE)) == []
    assert up.machine.dropped.late == 1


def test_an_ask_without_a_line_waits_for_it(bench: Bench) -> None:
    bench.tell(events.Start())
    assert bench.tell(events.AskIssued(BEGIN, bench.now_s + 9)) == []
    bench.now_s += 5
    said = bench.tell(events.Connected())
    assert asks(said) == ["ask-00001"]
    assert [action.expiry_s for action in said if isinstance(action, Publish) and action.topic == ASK] == [4]


def test_an_ask_without_a_line_is_lost_at_its_deadline(bench: Bench) -> None:
    bench.tell(events.AskIssued(BEGIN, bench.now_s + 9))
    assert bench.wakes_in_s == 9
    assert bench.wait(9) == [AskLost("ask-00001", Reason.SERVICE_UNREACHABLE)]


def test_an_ask_under_way_when_the_line_breaks_is_said_again_and_not_in_between(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 300))
    up.tell(events.Disconnected("the line broke"))
    assert up.wait(100) == [Connect()]
    assert asks(up.tell(events.Connected())) == ["ask-00001"]


def test_asks_are_said_again_in_the_order_in_which_they_were_asked(bench: Bench) -> None:
    names = [f"ask-0000{n}" for n in (3, 1, 2)]
    for name in names:
        bench.tell(events.AskIssued(Begin(ask_id=name, reception="visit-0001"), bench.now_s + 99))
    assert asks(bench.connect()) == names


def test_stopping_loses_every_ask(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.tell(events.Stop())[-1] == AskLost("ask-00001", Reason.SERVICE_UNREACHABLE)


# --- results ---


def test_what_the_outbox_holds_goes_out_oldest_first(bench: Bench) -> None:
    bench.connect()
    assert results(bench.read(1, 2, 3)) == [b"sealed result %d" % n for n in (1, 2, 3)]


def test_a_result_that_is_kept_while_the_line_is_up_is_fetched_and_sent(up: Bench) -> None:
    assert up.tell(events.ResultKept()) == [ReadOutbox(4)]
    assert up.read(1) == [Publish(RESULT, b"sealed result 1", expiry_s=30)]


def test_a_result_that_is_kept_without_a_line_is_fetched_when_there_is_one(bench: Bench) -> None:
    assert bench.tell(events.ResultKept()) == []
    assert ReadOutbox(4) in bench.connect()


def test_only_a_receipt_settles(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    receipt = Receipt(message_id="message-1", sequence=1, disposition="stored")
    assert up.hear(RECEIPT, encode(receipt)) == [Settle(receipt)]
    assert up.wait(POLICY.result_repeat_longest_s) == []


def test_a_refusal_settles_too_and_brings_its_reason(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    refusal = Receipt(message_id="message-1", sequence=1, disposition="refused", reason=Reason.SERVICE_REFUSED)
    assert up.hear(RECEIPT, encode(refusal)) == [Settle(refusal)]
    assert up.wait(POLICY.result_repeat_longest_s) == []


def test_a_receipt_for_a_result_of_an_earlier_life_settles_it(up: Bench) -> None:
    receipt = Receipt(message_id="message-7", sequence=7, disposition="stored")
    assert up.hear(RECEIPT, encode(receipt)) == [Settle(receipt)]


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
        assert again == Publish(RESULT, b"sealed result 1", expiry_s=math.ceil(min(waits[-1] * 2, 900)))
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_a_result_without_receipt_is_sent_again_on_the_next_connection(up: Bench) -> None:
    up.tell(events.ResultKept())
    up.read(1)
    assert ReadOutbox(4) in up.lose_line_and_reconnect()
    assert results(up.read(1)) == [b"sealed result 1"]


def test_no_more_than_a_few_results_are_under_way(bench: Bench) -> None:
    bench.connect()
    bench.read(1, 2, 3, 4)
    assert bench.tell(events.ResultKept()) == []


def test_of_a_long_queue_the_next_part_is_fetched_when_half_is_through(bench: Bench) -> None:
    bench.connect()
    bench.read(1, 2, 3, 4)
    fetched = []
    for n in (1, 2):
        receipt = Receipt(message_id=f"message-{n}", sequence=n, disposition="stored")
        fetched.append(ReadOutbox(4) in bench.hear(RECEIPT, encode(receipt)))
    assert fetched == [False, True]
    assert results(bench.read(3, 4, 5, 6)) == [b"sealed result 5", b"sealed result 6"]


def test_a_result_kept_beside_a_full_window_goes_out_with_the_first_free_place(bench: Bench) -> None:
    bench.connect()
    bench.read(1, 2, 3, 4)
    bench.tell(events.ResultKept())
    receipt = Receipt(message_id="message-1", sequence=1, disposition="stored")
    assert bench.hear(RECEIPT, encode(receipt)) == [Settle(receipt), ReadOutbox(4)]


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


# --- what others say ---


@pytest.mark.parametrize("topic", [ASK, "reader/v1/unit/another/down/answer", "", ANSWER + "/more"])
def test_a_message_on_a_foreign_topic_is_dropped(up: Bench, topic: str) -> None:
    assert up.hear(topic, encode(CHALLENGE)) == []
    assert up.machine.dropped.foreign == 1


@pytest.mark.parametrize("topic", [ANSWER, RECEIPT])
def test_a_retained_message_is_dropped(up: Bench, topic: str) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.hear(topic, encode(CHALLENGE), retained=True) == []
    assert up.machine.dropped.foreign == 1


@pytest.mark.parametrize(
    "payload",
    [b"", b"not JSON", b"{}", b"\xff\xfe", b'{"v":2,"kind":"challenge"}', encode(READY), b"[" * 100_000],
)
@pytest.mark.parametrize("topic", [ANSWER, RECEIPT])
def test_a_malformed_message_is_dropped(up: Bench, topic: str, payload: bytes) -> None:
    assert up.hear(topic, payload) == []
    assert up.machine.dropped.malformed == 1


@given(st.sampled_from([ANSWER, RECEIPT]), st.binary())
def test_no_bytes_from_outside_raise(topic: str, payload: bytes) -> None:
    bench = Bench()
    bench.connect()
    bench.hear(topic, payload)
    dropped = bench.machine.dropped
    assert dropped.malformed + dropped.late == 1
