from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

import msgspec
from cryptography import x509

from clinic.national_service import HolderRef, OnRecord, Standing
from clinic.people import load_people
from clinic.stand_in import StandInService
from clinic.visits import MAX_ASKS_OF_A_VISIT, MAX_VISITS, MAX_VISITS_OF_A_UNIT, VISIT_LIFETIME, Visits
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import ConsentItem, ReceptionId, UnitId
from device.wire.messages import Answer, Begin, Challenge, Confirm, HolderKnown, Qualification, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

TARO = 1001


class MoodyService:
    """The national service on a day when its line comes and goes."""

    def __init__(self) -> None:
        self.reachable = True
        self._service = StandInService(load_people())

    def find_holder(self, certificate: x509.Certificate) -> Standing | None:
        self._stumble()
        return self._service.find_holder(certificate)

    def qualification_of(self, holder: HolderRef) -> OnRecord:
        self._stumble()
        return self._service.qualification_of(holder)

    def _stumble(self) -> None:
        if not self.reachable:
            raise Fault("no line", part="national service", reason=Reason.SERVICE_UNREACHABLE)


def reachable(root: object) -> set[object]:
    """Return every plain value that can be reached from an object, its class and module apart."""
    seen: dict[int, object] = {}
    values: set[object] = set()
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, str | bytes | int):
            values.add(thing)
        waiting += gc.get_referents(thing)
    return values


def test_every_ask_that_comes_again_gets_the_same_answer(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    card = issuer.issue(TARO)
    gateway, unit, now = visitor.gateway, visitor.unit, visitor.now

    begin = Begin(ask_id="ask-begin", reception=visitor.reception)
    challenge = gateway.answer(unit, begin, now)
    assert gateway.answer(unit, begin, now) == challenge
    assert isinstance(challenge, Challenge)

    holder = visitor.holder_ask(card, challenge.challenge)
    known = gateway.answer(unit, holder, now)
    assert isinstance(known, HolderKnown)
    assert gateway.answer(unit, holder, now + timedelta(minutes=5)) == known

    confirm = Confirm(ask_id="ask-confirm", reception=visitor.reception, consents={ConsentItem.MEDICATION: True})
    answer = gateway.answer(unit, confirm, now)
    assert isinstance(answer, Qualification)
    assert gateway.answer(unit, confirm, now) == answer


def test_a_begin_that_comes_late_a_second_time_does_not_undo_the_proof(
    issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    begin = Begin(ask_id="ask-begin", reception=visitor.reception)
    challenge = visitor.gateway.answer(visitor.unit, begin, visitor.now)
    assert isinstance(challenge, Challenge)
    visitor.gateway.answer(visitor.unit, visitor.holder_ask(issuer.issue(TARO), challenge.challenge), visitor.now)

    visitor.gateway.answer(visitor.unit, begin, visitor.now)

    assert isinstance(visitor.confirm(), Qualification)


def test_nothing_of_the_evidence_stays_behind(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    card = issuer.issue(TARO)
    signatures = []
    for _ in range(3):
        challenge = visitor.begin()
        signatures.append(card.sign(challenge))
        ask = visitor.holder_ask(card, challenge, signature=signatures[-1])
        assert isinstance(visitor.gateway.answer(visitor.unit, ask, visitor.now), HolderKnown)
    visitor.confirm()

    kept = reachable(visitor.gateway)

    assert visitor.unit in kept  # the search does find what is there
    for secret in (card.certificate, *signatures, ask.evidence):
        assert secret not in kept


def test_one_ask_id_does_not_stand_for_two_asks(visitor: GatewayVisitor) -> None:
    visitor.begin()
    first = Confirm(ask_id="ask-same", reception=visitor.reception, consents={})
    visitor.gateway.answer(visitor.unit, first, visitor.now)

    other = msgspec.structs.replace(first, consents={ConsentItem.MEDICATION: True})
    answer = visitor.gateway.answer(visitor.unit, other, visitor.now)

    assert answer == Refused(ask_id="ask-same", reason=Reason.SERVICE_REFUSED)


def test_when_the_service_is_back_the_same_ask_succeeds(
    issuer: CardIssuer, open_gateway: Callable[..., GatewayVisitor]
) -> None:
    service = MoodyService()
    visitor = open_gateway(service=service)
    holder = visitor.holder_ask(issuer.issue(TARO), visitor.begin())
    confirm = Confirm(ask_id="ask-confirm", reception=visitor.reception, consents={})

    for ask, kind in ((holder, HolderKnown), (confirm, Qualification)):
        service.reachable = False
        refused = visitor.gateway.answer(visitor.unit, ask, visitor.now)
        assert refused == Refused(ask_id=ask.ask_id, reason=Reason.SERVICE_UNREACHABLE)
        service.reachable = True
        assert isinstance(visitor.gateway.answer(visitor.unit, ask, visitor.now), kind)


def test_a_visit_that_took_too_long_is_over(
    issuer: CardIssuer, visitor: GatewayVisitor, why: Callable[[Answer], Reason]
) -> None:
    visitor.show(issuer.issue(TARO))
    visitor.now += VISIT_LIFETIME

    assert why(visitor.confirm()) is Reason.SERVICE_REFUSED


def test_a_visit_has_an_end_of_asks(visitor: GatewayVisitor, why: Callable[[Answer], Reason]) -> None:
    for _ in range(MAX_ASKS_OF_A_VISIT):
        visitor.begin()

    assert why(visitor.confirm()) is Reason.SERVICE_REFUSED


def test_a_unit_that_opens_visit_after_visit_pushes_out_only_its_own(
    issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    visitor.show(issuer.issue(TARO))
    restless = replace(visitor, unit=UnitId("unit-0666"))

    for number in range(MAX_VISITS + 10):
        restless.reception = f"{number:032x}"
        restless.begin()

    assert isinstance(visitor.confirm(), Qualification)


def test_memory_has_a_limit_and_what_has_expired_goes_first(now: datetime) -> None:
    visits = Visits()
    units = MAX_VISITS // MAX_VISITS_OF_A_UNIT + 1
    for unit in range(units):
        for reception in range(MAX_VISITS_OF_A_UNIT):
            visits.open(UnitId(f"unit-{unit}"), ReceptionId(f"{reception:032x}"), now)

    assert len(visits) == MAX_VISITS
    assert visits.find(UnitId("unit-0"), ReceptionId(f"{0:032x}")) is None
    assert visits.find(UnitId(f"unit-{units - 1}"), ReceptionId(f"{0:032x}")) is not None

    visits.forget_expired(now + VISIT_LIFETIME)
    assert len(visits) == 0
