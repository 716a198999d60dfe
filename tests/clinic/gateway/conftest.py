"""A gateway with a visitor before it, and no line between them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
import pytest
from joserfc.jwk import ECKey

from clinic.answer import SealedAnswer, open_answer
from clinic.gateway import Gateway, KeepsForLater
from clinic.inquiry import GatewayPolicy, Inquiry
from clinic.keys import KeyRing
from clinic.national_service import NationalService
from clinic.people import load_people
from clinic.stand_in import StandInService
from device.domain.reasons import Reason
from device.domain.values import Assurance, ConsentItem, UnitId
from device.wire.codec import encode
from device.wire.messages import (
    Answer,
    Begin,
    Challenge,
    Confirm,
    Evidence,
    Holder,
    HolderKnown,
    Qualification,
    Refused,
)
from device.wire.sealing import Signer, seal
from provisioning.pki import SiteAuthority

if TYPE_CHECKING:
    from tests.clinic.conftest import Card, CardIssuer

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
INSTITUTION = "1399999999"
UNIT = UnitId("unit-0001")


@dataclass
class GatewayVisitor:
    """A unit in front of a gateway, without a line between them."""

    gateway: Gateway
    key: ECKey
    """Public: what the unit seals evidence for."""
    consumer_key: ECKey
    """Private: what the consumer opens qualifications with."""
    site: SiteAuthority
    unit: UnitId = UNIT
    reception: str = "a" * 32
    now: datetime = NOW
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def ask_id(self) -> str:
        return f"ask-{next(self._numbers):08d}"

    def begin(self) -> bytes:
        answer = self.gateway.answer(self.unit, Begin(ask_id=self.ask_id(), reception=self.reception), self.now)
        assert isinstance(answer, Challenge)
        return answer.challenge

    def holder_ask(
        self,
        card: Card,
        challenge: bytes,
        *,
        assurance: Assurance = Assurance.PIN_SIGNATURE,
        signature: bytes | None = None,
        unsigned: bool = False,
    ) -> Holder:
        evidence = Evidence(
            assurance=assurance,
            certificate=card.certificate,
            signature=None if unsigned else signature or card.sign(challenge),
        )
        sealed = seal(encode(evidence), self.key)
        return Holder(ask_id=self.ask_id(), reception=self.reception, evidence=sealed)

    def show(self, card: Card, *, assurance: Assurance = Assurance.PIN_SIGNATURE) -> Answer:
        """Begin, and prove to be the card's holder."""
        ask = self.holder_ask(card, self.begin(), assurance=assurance)
        return self.gateway.answer(self.unit, ask, self.now)

    def confirm(self, consents: dict[ConsentItem, bool] | None = None) -> Answer:
        ask = Confirm(ask_id=self.ask_id(), reception=self.reception, consents=consents or {})
        return self.gateway.answer(self.unit, ask, self.now)

    def visit(self, card: Card, consents: dict[ConsentItem, bool] | None = None) -> Qualification:
        assert isinstance(self.show(card), HolderKnown)
        answer = self.confirm(consents)
        assert isinstance(answer, Qualification)
        return answer

    def opened(self, answer: Answer) -> SealedAnswer:
        assert isinstance(answer, Qualification)
        assert answer.sealed is not None
        return open_answer(
            answer.sealed,
            keys=[self.consumer_key],
            authority=self.site.certificate,
            reception=self.reception,
            now=self.now,
        )

    def open(self, answer: Answer) -> dict[str, object]:
        return self.opened(answer).qualification

    def results(self, answer: Answer) -> list[dict[str, str]]:
        """The `ResultOfQualificationConfirmation`s of an answer."""
        return msgspec.convert(self.open(answer)["ResultOfQualificationConfirmation"], list[dict[str, str]])


def refusal(answer: Answer) -> Reason:
    """Why an answer is a refusal; fails for any other answer."""
    assert isinstance(answer, Refused)
    return answer.reason


def counted_token() -> Callable[[int], bytes]:
    numbers = itertools.count()
    return lambda length: sha256(str(next(numbers)).encode()).digest()[:length]


@pytest.fixture
def policy(issuer: CardIssuer) -> GatewayPolicy:
    return GatewayPolicy(institution_code=INSTITUTION, anchors=(issuer.certificate,))


@pytest.fixture
def open_gateway(
    sealing_keys: tuple[ECKey, ECKey],
    policy: GatewayPolicy,
    make_ring: Callable[..., KeyRing],
    signer: Callable[..., Signer],
    site: SiteAuthority,
) -> Callable[..., GatewayVisitor]:
    def open_one(
        *, policy: GatewayPolicy = policy, service: NationalService | None = None, later: KeepsForLater | None = None
    ) -> GatewayVisitor:
        own, consumer = sealing_keys
        inquiry = Inquiry(
            policy,
            service or StandInService(load_people()),
            keys=make_ring(own),
            consumer_key=make_ring(consumer, private=False),
            signer=signer("clinic-gateway"),
        )
        gateway = Gateway(inquiry, token=counted_token(), later=later)
        return GatewayVisitor(gateway, public_half(own), consumer, site)

    return open_one


@pytest.fixture
def visitor(open_gateway: Callable[..., GatewayVisitor]) -> GatewayVisitor:
    return open_gateway()


@pytest.fixture
def why() -> Callable[[Answer], Reason]:
    return refusal


def public_half(key: ECKey) -> ECKey:
    key.ensure_kid()
    return ECKey.import_key(key.as_dict(private=False))
