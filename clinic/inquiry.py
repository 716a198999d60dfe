"""Asking the national service about a holder, and making a sealed answer of what it says.

Shared by the gateway, which asks while the visitor waits, and by `clinic.again`, which asks when the line is back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from cryptography import x509

from clinic.answer import SealedAnswer, seal_answer
from clinic.elements import VALIDITY_REASONS
from clinic.keys import KeyRing
from clinic.national_service import NationalService, OnRecord, Standing
from clinic.people import InstitutionSettings
from clinic.proof import check_signature, trusted_certificate
from clinic.qualification import build_document, notices
from device.domain.certificate_window import JAPAN, certificate_state
from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import Assurance, CertificateState, ConsentItem, Prescription, ReceptionId
from device.wire.codec import decode
from device.wire.messages import Evidence
from device.wire.sealing import Signer, unseal

SIGNED = frozenset({Assurance.PIN_SIGNATURE, Assurance.PHONE_SIGNATURE, Assurance.FACE_INSTITUTION})
"""With these the card itself signed the challenge; without its signature they are a false claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPolicy:
    """What this clinic accepts and asks."""

    institution_code: str
    """医療機関コード, 10 digits."""
    anchors: tuple[x509.Certificate, ...]
    """Authorities whose cards are believed."""
    accept: frozenset[Assurance] = SIGNED
    questions: InstitutionSettings = field(default_factory=InstitutionSettings)
    """What visitors are asked."""
    register_on_the_spot: bool = True


@dataclass(frozen=True, slots=True)
class Proven:
    """What is kept of a proof; nothing that the evidence contained is in it."""

    accepted: Assurance | None
    certificate: CertificateState | None
    certificate_ends: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the visitor answered to what was asked."""

    consents: Mapping[ConsentItem, bool]
    prescription: Prescription | None = None
    public_expense: bool | None = None
    emergency: bool = False
    registered_now: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: what the unit may know, and what only the clinic's consumer can open."""

    reason: Reason
    notices: list[Reason]
    sealed: str = field(repr=False)


class Inquiry:
    """One clinic's way of asking. Several threads may use it."""

    def __init__(
        self,
        policy: GatewayPolicy,
        service: NationalService,
        *,
        keys: KeyRing,
        consumer_key: KeyRing,
        signer: Signer,
    ) -> None:
        """Open evidence with the private `keys`; sign answers and seal them for the public `consumer_key`."""
        self.policy = policy
        self.service = service
        self.keys = keys
        self._consumer_key = consumer_key
        self._signer = signer

    def prove(self, token: str, challenge: bytes, now: datetime) -> tuple[x509.Certificate, Proven]:
        """Open evidence and hold it against the challenge. Raise MessageError saying what does not hold."""
        evidence: Evidence = decode(unseal(token, *self.keys.all), Evidence)
        if evidence.assurance not in self.policy.accept:
            raise MessageError(f"assurance {evidence.assurance} is not accepted here", reason=Reason.ASSURANCE_REFUSED)
        certificate = trusted_certificate(evidence.certificate, self.policy.anchors, now)
        if evidence.signature is not None:
            check_signature(certificate, evidence.signature, challenge)
        elif evidence.assurance in SIGNED:
            raise MessageError("an assurance that needs a signature, without one", reason=Reason.PROOF_REFUSED)
        state = certificate_state(certificate.not_valid_after_utc, now)
        if state is CertificateState.EXPIRED:
            raise MessageError("certificate expired beyond grace", reason=Reason.CERTIFICATE_EXPIRED)
        ends = certificate.not_valid_after_utc.astimezone(JAPAN).date()
        return certificate, Proven(evidence.assurance, state, ends)

    def standing_of(self, certificate: x509.Certificate) -> Standing:
        """Ask who holds a proven certificate. Raise MessageError for one of no use, Fault when nobody answers."""
        standing = self.service.find_holder(certificate)
        if standing is None or not (standing.registered or self.policy.register_on_the_spot):
            raise MessageError("card not registered", reason=Reason.NOT_REGISTERED)
        if standing.revoked:
            raise MessageError("certificate revoked", reason=Reason.CERTIFICATE_REVOKED)
        return standing

    def answer(
        self,
        record: OnRecord,
        proven: Proven,
        wishes: Wishes,
        *,
        reception: ReceptionId,
        now: datetime,
        asked_at: datetime | None = None,
        mode: Literal["normal", "disaster"] = "normal",
    ) -> Answered:
        """Make the answer for a visit. `asked_at` is when the visitor consented, where that was earlier than `now`."""
        document = build_document(
            record,
            wishes.consents,
            reception=reception,
            institution_code=self.policy.institution_code,
            now=now,
            consented_at=asked_at,
            prescription=wishes.prescription,
            emergency=wishes.emergency,
            by_card=proven.accepted is not None,
        )
        reason = VALIDITY_REASONS[record.validity]
        answer = SealedAnswer(
            reception=reception,
            answered_at=now,
            reason=reason,
            accepted=proven.accepted,
            certificate=proven.certificate,
            certificate_ends=proven.certificate_ends,
            mode=mode,
            qualification=dict(document),
        )
        found = notices(
            record,
            proven.certificate,
            registered_now=wishes.registered_now,
            public_expense=wishes.public_expense,
        )
        return Answered(reason, found, seal_answer(answer, self._signer, self._consumer_key.current))
