"""The link machine and its questions: said in time, said again, answered once or lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from device.domain.errors import Drop
from device.domain.reasons import Reason
from device.domain.values import CertificateState, ConsentItem, UnitId
from device.link import events
from device.link.actions import (
    Action,
    AskLost,
    Connect,
    DeliverAnswer,
    OpenSigned,
    Publish,
)
from device.link.policy import LinkPolicy
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
    Refused,
    SignedAnswer,
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


def asks(actions: list[Action]) -> list[str]:
    said = [action for action in actions if isinstance(action, Publish) and action.topic == ASK]
    return [decode_ask(action.payload).ask_id for action in said]


def decode_ask(payload: bytes) -> Ask:
    ask: Ask = decode(payload, Ask)
    return ask


def test_an_ask_goes_out_at_once_and_expires_when_nobody_waits_any_more(up: Bench) -> None:
    (said,) = up.tell(events.AskIssued(BEGIN, up.now_s + 7.5))
    assert said == Publish(ASK, encode(BEGIN), expiry_s=8)


def test_the_answer_reaches_the_owner_and_a_second_one_does_not(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.open(BEGIN, CHALLENGE) == [DeliverAnswer(CHALLENGE)]
    assert up.open(BEGIN, CHALLENGE) == []
    assert up.machine.dropped[Drop.UNSOLICITED] == 1


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
        assert up.open(ask, reply) == [DeliverAnswer(reply)]


def test_an_answer_that_does_not_fit_its_ask_is_dropped_and_the_ask_goes_on_waiting(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    misfit = Qualification(ask_id="ask-00001", reason=Reason.QUALIFIED, notices=[], sealed=None)
    assert up.open(BEGIN, misfit) == []
    assert up.machine.dropped[Drop.UNSOLICITED] == 1
    assert up.open(BEGIN, CHALLENGE) == [DeliverAnswer(CHALLENGE)]


def test_what_is_said_on_the_answers_topic_is_opened_before_it_is_believed(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    signed = SignedAnswer(jws="a.b.c")
    assert up.hear(ANSWER, encode(signed)) == [OpenSigned(signed)]


def test_an_answer_to_an_ask_that_was_changed_on_its_way_is_dropped(up: Bench) -> None:
    asked = Confirm(ask_id="ask-00001", reception="visit-0001", consents={ConsentItem.MEDICATION: False})
    heard = Confirm(ask_id="ask-00001", reception="visit-0001", consents={ConsentItem.MEDICATION: True})
    answer = Qualification(ask_id="ask-00001", reason=Reason.QUALIFIED, notices=[], sealed=None)
    up.tell(events.AskIssued(asked, up.now_s + 9))
    assert up.open(heard, answer) == []
    assert up.machine.dropped == {Drop.FORGED: 1}
    assert up.open(asked, answer) == [DeliverAnswer(answer)]


def test_when_the_clock_is_set_an_ask_whose_answer_was_too_old_is_said_again_at_once(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.tell(events.ClockSet()) == []
    up.tell(events.Dropped(Drop.STALE))
    assert up.wakes_in_s <= up.policy.clock_look_s
    assert asks(up.tell(events.ClockSet())) == ["ask-00001"]


def test_an_answer_that_is_believed_ends_the_doubt_about_dates(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    up.tell(events.Dropped(Drop.STALE))
    assert up.open(BEGIN, CHALLENGE) == [DeliverAnswer(CHALLENGE)]
    assert up.wakes_in_s > up.policy.clock_look_s
    assert up.tell(events.ClockSet()) == []


def test_an_ask_without_answer_is_said_once_more_and_then_lost(up: Bench) -> None:
    up.tell(events.AskIssued(BEGIN, up.now_s + 9))
    assert up.wait(2.9) == []
    assert asks(up.wait(0.1)) == ["ask-00001"]
    assert up.wait(5.9) == []
    assert up.wait(0.1) == [AskLost("ask-00001", Reason.SERVICE_UNREACHABLE)]
    assert up.open(BEGIN, CHALLENGE) == []
    assert up.machine.dropped[Drop.UNSOLICITED] == 1


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
