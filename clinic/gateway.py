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
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from clinic.changes import Changes
from clinic.health import SERVICE, Health, Trouble
from clinic.inquiry import Inquiry, Proven, Wishes
from clinic.national_service import HolderRef, Standing
from clinic.pending import PendingVisit, pending_visit
from clinic.people import PublicExpense
from clinic.visits import MAX_ASKS_OF_A_VISIT, Given, Kept, KnownHolder, OpenChallenge, Visit, Visits
from device.domain.errors import Fault, MessageError, UketsukeError
from device.domain.reasons import Reason
from device.domain.values import CertificateState, ReceptionId, UnitId
from device.wire.codec import encode
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
    Register,
    Registrable,
)

CHALLENGE_BYTES = 32
CHALLENGE_LIFETIME = timedelta(minutes=10)
"""As long as a visit may last: whoever types a PIN by touch must not find the challenge gone when it is done."""

log = logging.getLogger(__name__)


class KeepsForLater(Protocol):
    """Where visits are kept that the service could not answer (`clinic.store`)."""

    def keep_for_later(self, pending: PendingVisit) -> None:
        """Have it on disk when this returns. Raise Fault when the disk refuses."""


class Gateway:
    """One clinic's answers. Several threads may ask, but only one for each unit at a time."""

    def __init__(
        self,
        inquiry: Inquiry,
        *,
        token: Callable[[int], bytes],
        later: KeepsForLater | None = None,
        health: Health | None = None,
    ) -> None:
        """Answer with what `inquiry` finds out; `token(n)` gives n random bytes.

        With `later` a visit that the service cannot answer ends as provisional and is asked again when the line is
        back; without it, such a visit is refused.
        """
        self._inquiry = inquiry
        self._token = token
        self._later = later
        self._health = health or Health(Changes())
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
            answer = self._decide(unit, visit, ask, now)
        except (MessageError, Fault) as error:
            answer = self._refuse(unit, ask, error)
            if isinstance(error, Fault):
                self._unreachable(error, now)
                # The service may be back in a moment; the same ask shall then get a better answer.
                return answer
        visit.given[ask.ask_id] = Given(digest, answer)
        return answer

    def _decide(self, unit: UnitId, visit: Visit, ask: Ask, now: datetime) -> Answer:
        match ask:
            case Begin():
                return self._begin(visit, ask, now)
            case Holder():
                return self._holder(visit, ask, now)
            case Register():
                return self._register(visit, ask)
            case Confirm():
                return self._confirm(unit, visit, ask, now)

    def _begin(self, visit: Visit, ask: Begin, now: datetime) -> Answer:
        challenge = OpenChallenge(self._token(CHALLENGE_BYTES), now + CHALLENGE_LIFETIME)
        # A new challenge starts the proof from nothing: an earlier holder is no longer known.
        visit.challenge, visit.holder, visit.kept = challenge, None, None
        return Challenge(ask_id=ask.ask_id, challenge=challenge.value, expires_at=challenge.expires_at)

    def _holder(self, visit: Visit, ask: Holder, now: datetime) -> Registrable | HolderKnown:
        # Spent by the attempt, whatever comes of it: nobody tries signatures against one challenge.
        challenge, visit.challenge = visit.challenge, None
        if challenge is None or challenge.expires_at <= now:
            raise MessageError("no live challenge for this visit", reason=Reason.PROOF_REFUSED)
        certificate, proven = self._inquiry.prove(ask.evidence, challenge.value, now)
        try:
            standing = self._inquiry.standing_of(certificate)
        except Fault:
            if self._later is None:
                visit.challenge = challenge  # the proof held; the same ask may come again when the service is back
                raise
            # The visitor is asked all the same, so that an answer that comes late finds the consents.
            standing = None
        visit.kept = Kept(ask.evidence, challenge.value, now)
        visit.holder = self._known(standing, proven)
        if standing is not None and not standing.registered:
            return Registrable(ask_id=ask.ask_id, certificate=visit.holder.certificate)
        return self._questions(ask, visit.holder)

    def _register(self, visit: Visit, ask: Register) -> HolderKnown:
        holder = visit.holder
        if holder is None or holder.reference is None:
            raise MessageError("nobody has proven to be the holder", reason=Reason.PROOF_REFUSED)
        if not holder.registered:
            self._inquiry.service.register(holder.reference)
            visit.holder = holder = replace(holder, registered=True, registered_now=True)
        return self._questions(ask, holder)

    def _known(self, standing: Standing | None, proven: Proven) -> KnownHolder:
        # In grace the card gives the qualification and nothing else, so there is nothing to agree to.
        in_grace = proven.certificate is CertificateState.IN_GRACE
        questions = self._inquiry.policy.questions
        has_subsidy = standing is not None and standing.public_expense is PublicExpense.VALID
        return KnownHolder(
            None if standing is None else standing.holder,
            proven,
            () if in_grace else questions.ask_consent,
            public_expense_asked=has_subsidy and questions.ask_public_expense and not in_grace,
            registered=standing is None or standing.registered,
        )

    def _questions(self, ask: Holder | Register, holder: KnownHolder) -> HolderKnown:
        questions = self._inquiry.policy.questions
        return HolderKnown(
            ask_id=ask.ask_id,
            certificate=holder.certificate,
            ask_consent=list(holder.asked),
            consent_mode=questions.consent_mode,
            ask_public_expense=holder.public_expense_asked,
            ask_prescription=questions.ask_prescription and holder.certificate is not CertificateState.IN_GRACE,
        )

    def _confirm(self, unit: UnitId, visit: Visit, ask: Confirm, now: datetime) -> Answer:
        holder, kept = visit.holder, visit.kept
        if holder is None or kept is None:
            raise MessageError("nobody has proven to be the holder", reason=Reason.PROOF_REFUSED)
        if not holder.registered:
            raise MessageError("card not registered", reason=Reason.NOT_REGISTERED)
        wishes = self._wishes(holder, ask)
        reception = ReceptionId(ask.reception)
        try:
            record = self._inquiry.service.qualification_of(holder.reference or self._found_meanwhile(kept))
        except Fault as error:
            if self._later is None:
                raise
            self._unreachable(error, now)
            self._later.keep_for_later(pending_visit(unit, reception, kept, wishes))
            visit.kept = None
            return Qualification(ask_id=ask.ask_id, reason=Reason.ANSWER_PENDING, notices=[], sealed=None)
        answered = self._inquiry.answer(record, holder.proven, wishes, reception=reception, now=now)
        visit.kept = None
        self._health.clear(SERVICE, Trouble.SERVICE_DOWN)
        return Qualification(
            ask_id=ask.ask_id, reason=answered.reason, notices=answered.notices, sealed=answered.sealed
        )

    def _found_meanwhile(self, kept: Kept) -> HolderRef:
        """The service was away when the holder was proven; it may be back for the qualification."""
        certificate, _ = self._inquiry.prove(kept.evidence, kept.challenge, kept.at)
        standing = self._inquiry.standing_of(certificate)
        if not standing.registered:
            raise MessageError("card not registered", reason=Reason.NOT_REGISTERED)
        return standing.holder

    def _wishes(self, holder: KnownHolder, ask: Confirm) -> Wishes:
        return Wishes(
            # Silence is no, and an answer to what was not asked counts for nothing.
            consents={item: ask.consents.get(item, False) for item in holder.asked},
            prescription=ask.prescription if self._inquiry.policy.questions.ask_prescription else None,
            public_expense=bool(ask.public_expense) if holder.public_expense_asked and not ask.emergency else None,
            emergency=ask.emergency,
            registered_now=holder.registered_now,
        )

    def _unreachable(self, error: Fault, now: datetime) -> None:
        self._health.note(SERVICE, Trouble.SERVICE_DOWN, str(error), now)

    def _refuse(self, unit: UnitId, ask: Ask, error: UketsukeError) -> Refused:
        log.info("%s: %s refused, %s: %s", unit, type(ask).__name__.lower(), error.reason, error)
        return Refused(ask_id=ask.ask_id, reason=error.reason)
