"""Answers a unit's asks. Pure apart from its memory of visits: time, randomness and the service come in.

begin   -> a challenge, good once, for a short while, for this unit's visit
holder  -> the evidence proves the holder and the card is registered; what the clinic wants to ask
register -> the card becomes an insurance card, where `holder` found that it is none; then as `holder`
confirm -> how the visit ends, and the qualification sealed for the clinic's consumer

The same ask (same `ask_id`) gets the same answer again: an answer may be lost on the line, and a unit that asks again
must not find its challenge spent.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from clinic.answer import SealedAnswer, seal_answer
from clinic.elements import VALIDITY_REASONS
from clinic.keys import KeyRing
from clinic.national_service import NationalService, Standing
from clinic.people import PublicExpense
from clinic.proof import check_signature, trusted_certificate
from clinic.qualification import build_document, notices
from clinic.visits import MAX_ASKS_OF_A_VISIT, Given, KnownHolder, OpenChallenge, Visit, Visits
from device.domain.certificate_window import JAPAN, certificate_state
from device.domain.errors import Fault, MessageError, UketsukeError
from device.domain.reasons import Reason
from device.domain.values import Assurance, CertificateState, ConsentItem, ConsentMode, ReceptionId, UnitId
from device.wire.codec import decode, encode
from device.wire.messages import (
    Answer,
    Ask,
    Begin,
    Challenge,
    Confirm,
    Evidence,
    Holder,
    HolderKnown,
    Qualification,
    Refused,
    Register,
    Registrable,
)
from device.wire.sealing import Signer, unseal

CHALLENGE_BYTES = 32
CHALLENGE_LIFETIME = timedelta(minutes=10)
"""As long as a visit may last: whoever types a PIN by touch must not find the challenge gone when it is done."""

SIGNED = frozenset({Assurance.PIN_SIGNATURE, Assurance.PHONE_SIGNATURE, Assurance.FACE_INSTITUTION})
"""With these the card itself signed the challenge; without its signature they are a false claim."""

DEFAULT_CONSENT = (ConsentItem.MEDICATION, ConsentItem.CHECKUP)
"""What the official terminal asks before anybody changes its settings: 薬剤 and 健診."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPolicy:
    """What this clinic accepts and asks."""

    institution_code: str
    """医療機関コード, 10 digits."""
    anchors: tuple[x509.Certificate, ...]
    """Authorities whose cards are believed."""
    accept: frozenset[Assurance] = SIGNED
    ask_consent: tuple[ConsentItem, ...] = DEFAULT_CONSENT
    """What visitors are asked to show."""
    consent_mode: ConsentMode = ConsentMode.BLANKET
    ask_prescription: bool = False
    """Let visitors choose between 電子処方箋 and paper at the unit."""
    ask_public_expense: bool = True
    """Ask visitors with a subsidy's data (公費, PMH) whether to use it."""
    register_on_the_spot: bool = True


class Gateway:
    """One clinic's answers. Not for several threads at a time."""

    def __init__(
        self,
        policy: GatewayPolicy,
        service: NationalService,
        *,
        keys: KeyRing,
        consumer_key: KeyRing,
        signer: Signer,
        token: Callable[[int], bytes],
    ) -> None:
        """Open evidence with the private `keys`; sign answers and seal them for the public `consumer_key`.

        `token(n)` gives n random bytes.
        """
        self._policy = policy
        self._service = service
        self._keys = keys
        self._consumer_key = consumer_key
        self._signer = signer
        self._token = token
        self._visits = Visits()

    def answer(self, unit: UnitId, ask: Ask, now: datetime) -> Answer:
        """Return the answer to one ask of `unit` (the name that the topic proves) at `now`. Never raises for an ask."""
        self._visits.forget_expired(now)
        reception = ReceptionId(ask.reception)
        if isinstance(ask, Begin):
            visit = self._visits.open(unit, reception, now)
        else:
            found = self._visits.find(unit, reception)
            if found is None:
                # The visit took too long, or the gateway was restarted in its middle.
                return self._refuse(unit, ask, MessageError("no such visit", reason=Reason.SERVICE_REFUSED))
            visit = found
        digest = hashlib.sha256(encode(ask)).digest()
        if (given := visit.given.get(ask.ask_id)) is not None:
            if given.digest == digest:
                return given.answer
            return self._refuse(unit, ask, MessageError("one ask_id for two asks", reason=Reason.SERVICE_REFUSED))
        if len(visit.given) >= MAX_ASKS_OF_A_VISIT:
            return self._refuse(unit, ask, MessageError("too many asks in one visit", reason=Reason.SERVICE_REFUSED))
        try:
            answer = self._decide(visit, ask, now)
        except (MessageError, Fault) as error:
            answer = self._refuse(unit, ask, error)
            if isinstance(error, Fault):
                # The service may be back in a moment; the same ask shall then get a better answer.
                return answer
        visit.given[ask.ask_id] = Given(digest, answer)
        return answer

    def _decide(self, visit: Visit, ask: Ask, now: datetime) -> Answer:
        match ask:
            case Begin():
                return self._begin(visit, ask, now)
            case Holder():
                return self._holder(visit, ask, now)
            case Register():
                return self._register(visit, ask)
            case Confirm():
                return self._confirm(visit, ask, now)

    def _begin(self, visit: Visit, ask: Begin, now: datetime) -> Answer:
        challenge = OpenChallenge(self._token(CHALLENGE_BYTES), now + CHALLENGE_LIFETIME)
        # A new challenge starts the proof from nothing: an earlier holder is no longer known.
        visit.challenge, visit.holder = challenge, None
        return Challenge(ask_id=ask.ask_id, challenge=challenge.value, expires_at=challenge.expires_at)

    def _holder(self, visit: Visit, ask: Holder, now: datetime) -> Registrable | HolderKnown:
        evidence: Evidence = decode(unseal(ask.evidence, *self._keys.all), Evidence)
        # Spent by the attempt, whatever comes of it: nobody tries signatures against one challenge.
        challenge, visit.challenge = visit.challenge, None
        if challenge is None or challenge.expires_at <= now:
            raise MessageError("no live challenge for this visit", reason=Reason.PROOF_REFUSED)
        if evidence.assurance not in self._policy.accept:
            raise MessageError(f"assurance {evidence.assurance} is not accepted here", reason=Reason.ASSURANCE_REFUSED)
        certificate = self._proven(evidence, challenge.value, now)
        state = certificate_state(certificate.not_valid_after_utc, now)
        if state is CertificateState.EXPIRED:
            raise MessageError("certificate expired beyond grace", reason=Reason.CERTIFICATE_EXPIRED)
        try:
            standing = self._service.find_holder(certificate)
        except Fault:
            visit.challenge = challenge  # the proof held; the same ask may come again when the service is back
            raise
        if standing is None or not (standing.registered or self._policy.register_on_the_spot):
            raise MessageError("card not registered", reason=Reason.NOT_REGISTERED)
        if standing.revoked:
            raise MessageError("certificate revoked", reason=Reason.CERTIFICATE_REVOKED)
        visit.holder = self._known(standing, evidence.assurance, certificate, state)
        if not standing.registered:
            return Registrable(ask_id=ask.ask_id, certificate=state)
        return self._questions(ask, visit.holder)

    def _register(self, visit: Visit, ask: Register) -> HolderKnown:
        if visit.holder is None:
            raise MessageError("nobody has proven to be the holder", reason=Reason.PROOF_REFUSED)
        if not visit.holder.registered:
            self._service.register(visit.holder.reference)
            visit.holder = replace(visit.holder, registered=True, registered_now=True)
        return self._questions(ask, visit.holder)

    def _known(
        self, standing: Standing, accepted: Assurance, certificate: x509.Certificate, state: CertificateState
    ) -> KnownHolder:
        # In grace the card gives the qualification and nothing else, so there is nothing to agree to.
        in_grace = state is CertificateState.IN_GRACE
        has_subsidy = standing.public_expense is PublicExpense.VALID
        return KnownHolder(
            standing.holder,
            accepted,
            state,
            certificate.not_valid_after_utc.astimezone(JAPAN).date(),
            () if in_grace else self._policy.ask_consent,
            public_expense_asked=has_subsidy and self._policy.ask_public_expense and not in_grace,
            registered=standing.registered,
        )

    def _questions(self, ask: Holder | Register, holder: KnownHolder) -> HolderKnown:
        return HolderKnown(
            ask_id=ask.ask_id,
            certificate=holder.certificate,
            ask_consent=list(holder.asked),
            consent_mode=self._policy.consent_mode,
            ask_public_expense=holder.public_expense_asked,
            ask_prescription=self._policy.ask_prescription and holder.certificate is not CertificateState.IN_GRACE,
        )

    def _proven(self, evidence: Evidence, challenge: bytes, now: datetime) -> x509.Certificate:
        certificate = trusted_certificate(evidence.certificate, self._policy.anchors, now)
        if evidence.signature is not None:
            check_signature(certificate, evidence.signature, challenge)
        elif evidence.assurance in SIGNED:
            raise MessageError("an assurance that needs a signature, without one", reason=Reason.PROOF_REFUSED)
        return certificate

    def _confirm(self, visit: Visit, ask: Confirm, now: datetime) -> Answer:
        holder = visit.holder
        if holder is None:
            raise MessageError("nobody has proven to be the holder", reason=Reason.PROOF_REFUSED)
        if not holder.registered:
            raise MessageError("card not registered", reason=Reason.NOT_REGISTERED)
        # Silence is no, and an answer to what was not asked counts for nothing.
        consents = {item: ask.consents.get(item, False) for item in holder.asked}
        record = self._service.qualification_of(holder.reference)
        document = build_document(
            record,
            consents,
            reception=ReceptionId(ask.reception),
            institution_code=self._policy.institution_code,
            now=now,
            prescription=ask.prescription if self._policy.ask_prescription else None,
            emergency=ask.emergency,
        )
        answer = SealedAnswer(
            reception=ask.reception,
            answered_at=now,
            reason=VALIDITY_REASONS[record.validity],
            accepted=holder.accepted,
            certificate=holder.certificate,
            certificate_ends=holder.certificate_ends,
            qualification=dict(document),
        )
        return Qualification(
            ask_id=ask.ask_id,
            reason=VALIDITY_REASONS[record.validity],
            notices=notices(
                record,
                holder.certificate,
                registered_now=holder.registered_now,
                public_expense=bool(ask.public_expense) if holder.public_expense_asked and not ask.emergency else None,
            ),
            sealed=seal_answer(answer, self._signer, self._consumer_key.current),
        )

    def _refuse(self, unit: UnitId, ask: Ask, error: UketsukeError) -> Refused:
        log.info("%s: %s refused, %s: %s", unit, type(ask).__name__.lower(), error.reason, error)
        return Refused(ask_id=ask.ask_id, reason=error.reason)
