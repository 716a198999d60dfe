"""Whoever holds the broker answers in the clinic's place: no visit is refused for it, and no card signs for it.

The unit is the real link; the broker is in memory, so that it can say whatever it likes.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec.structs import replace

from device.app.link_worker import Link, LinkOwner
from device.domain.errors import Drop
from device.domain.reasons import Reason
from device.domain.values import ConsentItem, UnitId
from device.link.machine import LinkMachine
from device.sim.clock import SimulatedClock
from device.sim.line import MemoryBroker
from device.sim.outbox import MemoryOutbox
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import (
    Answer,
    Ask,
    Begin,
    Challenge,
    Confirm,
    GivenAnswer,
    Qualification,
    Refused,
    SignedAnswer,
    Status,
)
from device.wire.said import answer_to, sign_answer
from device.wire.sealing import Signer
from device.wire.services import CONSUMER, FLEET, GATEWAY
from provisioning.pki import SiteAuthority

UNIT = UnitId("sim-0001")
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
LATER = timedelta(days=3)
BEGIN = Begin(ask_id="ask-00001", reception="visit-0001")
REFUSED = Refused(ask_id="ask-00001", reason=Reason.PROOF_REFUSED)
TRUE = Challenge(ask_id="ask-00001", challenge=b"the gateway's own", expires_at=NOW)
LIE = Challenge(ask_id="ask-00001", challenge=b"a contract, to be signed by the card", expires_at=NOW)
PATIENCE_S = 9.0


class Visit:
    """A unit that waits for an answer, and the broker in the wrong hands."""

    def __init__(self) -> None:
        self.authority = SiteAuthority.create("attacked", now=NOW)
        self.gateway = self.issued(GATEWAY)
        self.clock = SimulatedClock(NOW)
        self.broker = MemoryBroker(self.clock)
        self.heard: list[bytes] = []
        self.answers: list[Answer] = []
        self.lost: list[tuple[str, Reason]] = []
        self.broker.host(topics.Up.ASK, lambda _unit, payload: self.heard.append(payload))
        status = Status(unit=UNIT, state="ready", birth_id="birth-0001", version="1", troubles=[], simulated=True)
        machine = LinkMachine(status, random=lambda: 0.0)
        self.link = Link(
            machine,
            line=self.broker.line(UNIT, machine.last_will),
            outbox=MemoryOutbox(),
            clock=self.clock,
            signer=self.issued(UNIT),
            authority=self.authority.certificate,
            owner=LinkOwner(
                on_answer=self.answers.append,
                on_ask_lost=lambda ask_id, reason: self.lost.append((ask_id, reason)),
                on_line=lambda _up, _why: None,
                on_receipt=lambda _receipt: None,
                on_fault=lambda _fault: None,
            ),
            own_thread=False,
        )
        self.link.start()

    def issued(self, name: str, *, by: SiteAuthority | None = None) -> Signer:
        identity = (by or self.authority).issue_client(name, now=NOW)
        return Signer.load(identity.key_pem, identity.certificate_pem)

    def ask(self, ask: Ask = BEGIN) -> None:
        self.link.ask(ask, PATIENCE_S)

    def say(self, message: msgspec.Struct) -> None:
        self.broker.publish(topics.down(UNIT, topics.Down.ANSWER), encode(message))

    def given(self, answer: Answer = TRUE, *, unit: str = UNIT, to: Ask = BEGIN, at: datetime = NOW) -> GivenAnswer:
        return answer_to(encode(to), unit, answer, at=at)

    def true(self, answer: Answer = TRUE) -> SignedAnswer:
        return sign_answer(self.given(answer), self.gateway)

    def nothing_happened_but(self, drop: Drop) -> bool:
        """Return whether that was counted, and the visit waits for the truth and gets it."""
        assert (self.answers, self.lost) == ([], [])
        assert self.link.dropped == {drop: 1}
        self.say(self.true())
        return self.answers == [TRUE]


@pytest.fixture
def visit() -> Visit:
    return Visit()


def with_content(signed: SignedAnswer, given: GivenAnswer) -> SignedAnswer:
    head, _, signature = signed.jws.split(".")
    return SignedAnswer(jws=".".join([head, urlsafe_b64encode(encode(given)).decode().rstrip("="), signature]))


@pytest.mark.parametrize("lie", [LIE, REFUSED], ids=["a challenge of its choice", "a refusal"])
def test_an_answer_without_a_signature_is_none(visit: Visit, lie: Answer) -> None:
    visit.ask()
    visit.say(lie)
    assert visit.nothing_happened_but(Drop.MALFORMED)


@pytest.mark.parametrize(
    "signer",
    [
        lambda visit: visit.issued(UNIT),
        lambda visit: visit.issued(CONSUMER),
        lambda visit: visit.issued(FLEET),
        lambda visit: visit.issued("clinic-gateway-2"),
        lambda visit: visit.issued(GATEWAY, by=SiteAuthority.create("attacked", now=NOW)),
        lambda visit: Signer(visit.issued(UNIT).key, visit.gateway.certificate),
    ],
    ids=["the unit", "the consumer", "the fleet", "a like name", "another authority of that name", "another key"],
)
def test_an_answer_that_another_signed_is_none(visit: Visit, signer: Callable[[Visit], Signer]) -> None:
    visit.ask()
    visit.say(sign_answer(visit.given(LIE), signer(visit)))
    assert visit.nothing_happened_but(Drop.FORGED)


@pytest.mark.parametrize("lie", [LIE, REFUSED], ids=["challenge", "refusal"])
def test_an_answer_that_was_changed_on_its_way_is_none(visit: Visit, lie: Answer) -> None:
    visit.ask()
    visit.say(with_content(visit.true(), visit.given(lie)))
    assert visit.nothing_happened_but(Drop.FORGED)


def test_what_the_gateway_said_to_another_unit_is_none(visit: Visit) -> None:
    visit.ask()
    visit.say(sign_answer(visit.given(LIE, unit="sim-0002"), visit.gateway))
    assert visit.nothing_happened_but(Drop.FORGED)


def test_what_the_gateway_said_to_another_ask_is_none(visit: Visit) -> None:
    visit.ask()
    other = replace(BEGIN, ask_id="ask-00002")
    visit.say(sign_answer(visit.given(replace(LIE, ask_id="ask-00002"), to=other), visit.gateway))
    assert visit.nothing_happened_but(Drop.UNSOLICITED)


def test_what_the_gateway_said_to_an_ask_of_that_name_in_another_visit_is_none(visit: Visit) -> None:
    visit.ask()
    visit.say(sign_answer(visit.given(LIE, to=replace(BEGIN, reception="visit-0002")), visit.gateway))
    assert visit.nothing_happened_but(Drop.FORGED)


@pytest.mark.parametrize("wrong_by", [-LATER, LATER], ids=["too old", "too new"])
def test_an_answer_of_another_day_is_none(visit: Visit, wrong_by: timedelta) -> None:
    visit.ask()
    visit.say(sign_answer(visit.given(LIE, at=NOW + wrong_by), visit.gateway))
    assert visit.nothing_happened_but(Drop.STALE)


def test_what_the_gateway_signed_that_is_no_answer_to_a_unit_is_none(visit: Visit) -> None:
    # Inside the sealed qualification is a signature of the gateway's too, and a desk can show what it says.
    visit.ask()
    visit.say(SignedAnswer(jws=visit.gateway.sign(b'{"v":1,"kind":"sealed_answer","unit":"sim-0001"}')))
    assert visit.nothing_happened_but(Drop.MALFORMED)


def test_an_answer_that_is_played_again_finds_nobody_waiting(visit: Visit) -> None:
    visit.ask()
    true = visit.true()
    for _ in range(3):
        visit.say(true)
    visit.ask(replace(BEGIN, ask_id="ask-00002"))
    visit.say(true)
    assert visit.answers == [TRUE]
    assert visit.link.dropped == {Drop.UNSOLICITED: 3}


def test_a_no_that_the_broker_made_a_yes_brings_no_answer(visit: Visit) -> None:
    said = Confirm(ask_id="ask-00001", reception="visit-0001", consents={ConsentItem.MEDICATION: False})
    visit.ask(said)
    changed = replace(said, consents={ConsentItem.MEDICATION: True})
    given = Qualification(ask_id="ask-00001", reason=Reason.QUALIFIED, notices=[], sealed="what was not agreed to")
    visit.say(sign_answer(visit.given(given, to=changed), visit.gateway))
    assert visit.answers == []
    assert visit.link.dropped == {Drop.FORGED: 1}


def test_a_visit_whose_answers_are_all_lies_ends_at_its_bound_as_if_nobody_answered(visit: Visit) -> None:
    visit.ask()
    forged = sign_answer(visit.given(REFUSED), visit.issued("clinic-gateway-2"))
    for _ in range(200):
        visit.say(forged)
    visit.clock.advance(PATIENCE_S)
    visit.link.run_due()
    assert visit.answers == []
    assert visit.lost == [("ask-00001", Reason.SERVICE_UNREACHABLE)]
    assert visit.link.dropped == {Drop.FORGED: 200}


def test_a_unit_whose_clock_was_wrong_is_answered_once_it_is_set(visit: Visit) -> None:
    visit.clock.set_wrong_by(timedelta(days=4000))
    visit.ask()
    visit.say(visit.true())
    assert visit.answers == []
    assert visit.link.dropped == {Drop.STALE: 1}
    visit.clock.set_wrong_by(timedelta(0))
    visit.clock.advance(1)
    visit.link.run_due()
    assert len(visit.heard) == 2
    assert decode(visit.heard[-1], Ask) == BEGIN
    visit.say(visit.true())
    assert visit.answers == [TRUE]


def test_a_renewed_gateway_is_believed_without_a_word_to_the_unit(visit: Visit) -> None:
    visit.ask()
    visit.say(sign_answer(visit.given(), visit.issued(GATEWAY)))
    assert visit.answers == [TRUE]
