"""Takes in results, keeps each once, and says so: what `clinic.consumer` does with every message.

with Store(Path("clinic.sqlite")) as store:
    keys = KeyRing(Path("clinic.private.jwk"), private=True)
    consumer = Consumer(store, authority=site_certificate, keys=keys, branch=topics.PRODUCTION_ROOT)
    receipt = consumer.take(unit, signed_result, now)          # `unit` from the topic, never from the message
    publish(topics.down(unit, topics.Down.RECEIPT), encode(sign_receipt(receipt, signer)))
"""

from __future__ import annotations

import base64
import logging
from datetime import datetime, timedelta

from cryptography import x509

from clinic.answer import NotOpenedError, SealedAnswer, open_answer
from clinic.health import Health, Trouble
from clinic.keys import KeyRing
from clinic.record import VisitRecord
from clinic.store import Store
from clinic.units import Units
from device.domain.errors import Drop, MessageError
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import decode
from device.wire.freshness import is_fresh
from device.wire.messages import Receipt, Result, SignedResult
from device.wire.reasons import entry
from device.wire.receipts import acknowledge
from device.wire.sealing import verify

log = logging.getLogger(__name__)


CLOCKS_AGREE = timedelta(minutes=10)
"""Nobody stands at a unit for longer; a larger difference is a wrong clock."""

ANSWER_LIFETIME = timedelta(days=30)
"""As long as a unit keeps a result."""


class Consumer:
    """Takes results of one branch's units. Not for several threads at a time."""

    def __init__(
        self,
        store: Store,
        *,
        authority: x509.Certificate,
        keys: KeyRing,
        branch: str,
        health: Health | None = None,
        units: Units | None = None,
    ) -> None:
        """Believe units of `authority` in `branch` (a root in `device.wire.topics`); open with the private `keys`."""
        self._store = store
        self._health = health or Health(store.changes)
        self._units = units or Units(store.changes)
        self._authority = authority
        self._keys = keys
        self._branch = branch

    def take(self, unit: UnitId, signed: SignedResult, now: datetime) -> Receipt:
        """Keep the result unless it is known or must not be believed, and return the receipt for `unit`.

        Raise MessageError for what cannot even be answered, Fault when the disk refuses (no receipt may go out then).
        What `unit` is not proven to have signed is not answered either: a receipt for it would be signed by us, and
        whoever stands between could have a waiting result deleted with it.
        """
        copy = _payload(signed)
        try:
            verify(signed.jws, speaker=unit, authority=self._authority, at=now)
        except MessageError as error:
            if error.drop is not Drop.STALE:
                raise
            # The unit's own signature, only with a certificate that is not valid today.
            return self._refused(unit, copy, error, now)
        try:
            result = self._understand(unit, copy)
        except MessageError as error:
            return self._refused(unit, copy, error, now)
        if self._store.knows(result.message_id):
            return acknowledge(copy, unit, "duplicate", at=now, reason=None)
        try:
            record = self._record(unit, result, now)
        except MessageError as error:
            if error.drop is not Drop.STALE:
                # It is the unit's own word, so it is kept where a technician can look at it, and shown to nobody.
                self._store.set_aside(result.message_id, unit=unit, why=str(error), jws=signed.jws, now=now)
            return self._refused(unit, copy, error, now)
        self._keep(record, now)
        return acknowledge(copy, unit, "stored", at=now, reason=None)

    def _refused(self, unit: UnitId, copy: bytes, error: MessageError, now: datetime) -> Receipt:
        stale = error.drop is Drop.STALE
        # A stale copy says nothing against the result: the unit keeps it and signs it anew.
        receipt = acknowledge(copy, unit, "stale" if stale else "refused", at=now, reason=error.reason)
        log.warning("%s: result %d refused: %s", unit, receipt.sequence, error)
        trouble = Trouble.CLOCK if stale or isinstance(error, _WrongTimeError) else Trouble.REFUSED
        self._health.note(unit, trouble, f"result {receipt.sequence}: {error}", now)
        return receipt

    def _keep(self, record: VisitRecord, now: datetime) -> None:
        new = self._store.keep(record)
        self._units.ended(record.unit, now, needs_staff=entry(record.reason).cue is Cue.STAFF)
        if not new:
            log.warning("%s: counts from the start again: number %d was used before", record.unit, record.sequence)
            self._health.note(record.unit, Trouble.COUNTED_AGAIN, f"number {record.sequence} came twice", now)
        if record.unopened is not None:
            self._health.note(record.unit, Trouble.UNOPENED, "sealed for a key that is not ours, or damaged", now)
        if record.happened_at != record.ended_at:
            self._health.note(record.unit, Trouble.CLOCK, f"off by {record.ended_at - record.happened_at}", now)

    def _understand(self, unit: UnitId, copy: bytes) -> Result:
        if topics.root_for(unit) != self._branch:
            raise _refusal("a unit of the other branch")
        result: Result = decode(copy, Result)
        if result.unit != unit:
            raise _refusal("the result names another unit")
        if result.simulated != (self._branch == topics.SIMULATION_ROOT):
            raise _refusal("simulated and real do not mix")
        return result

    def _record(self, unit: UnitId, result: Result, now: datetime) -> VisitRecord:
        answer, unopened = self._open(unit, result, now)
        return VisitRecord(
            received_at=now,
            unit=unit,
            sequence=result.sequence,
            message_id=result.message_id,
            reception=result.reception,
            reason=result.reason,
            notices=result.notices,
            card=result.card,
            assurance=result.assurance,
            consents=result.consents,
            started_at=result.started_at,
            ended_at=result.ended_at,
            happened_at=_happened_at(result, answer, now),
            simulated=result.simulated,
            attendant=result.attendant,
            attendant_reason=result.attendant_reason,
            prescription=result.prescription,
            public_expense=result.public_expense,
            accepted=answer.accepted if answer else None,
            certificate_ends=answer.certificate_ends if answer else None,
            mode=answer.mode if answer else "normal",
            qualification=answer.qualification if answer else None,
            unopened=unopened,
        )

    def _open(self, unit: UnitId, result: Result, now: datetime) -> tuple[SealedAnswer | None, str | None]:
        if result.sealed is None:
            return None, None
        try:
            answer = open_answer(
                result.sealed, keys=self._keys.all, authority=self._authority, reception=result.reception, now=now
            )
        except NotOpenedError as error:
            # Better kept sealed than refused: a refusal would empty the unit's outbox of it.
            log.error("%s: result %d keeps its sealed qualification: %s", unit, result.sequence, error)  # noqa: TRY400  no traceback: it may quote what was sealed
            return None, result.sealed
        return answer, None


class _WrongTimeError(MessageError):
    """Its times cannot be right."""


def _happened_at(result: Result, answer: SealedAnswer | None, now: datetime) -> datetime:
    """Return when the visit ended by the clinic's clock.

    Raise _WrongTimeError for a result of another season, and MessageError (stale) for a copy of another day.
    The answer inside was dated by our own gateway, so a visit with one is as fresh as its answer, whatever the unit's
    clock says. Without one only the unit's word remains.
    """
    if answer is not None:
        if not now - ANSWER_LIFETIME < answer.answered_at <= now + CLOCKS_AGREE:
            raise _WrongTimeError("its answer is of another season", reason=Reason.SERVICE_REFUSED)
        return result.ended_at if abs(result.ended_at - answer.answered_at) <= CLOCKS_AGREE else answer.answered_at
    if not is_fresh(result.expires_at, now):
        raise MessageError(
            f"this copy counts until {result.expires_at:%Y-%m-%d %H:%M} UTC by the unit's clock",
            reason=Reason.SERVICE_REFUSED,
            drop=Drop.STALE,
        )
    return result.ended_at if result.ended_at <= now + CLOCKS_AGREE else now


def _payload(signed: SignedResult) -> bytes:
    """Return what is signed there, before anybody looked by whom."""
    try:
        _, payload, _ = signed.jws.split(".")
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except ValueError:
        raise _refusal("no signed result") from None


def _refusal(message: str) -> MessageError:
    return MessageError(message, reason=Reason.SERVICE_REFUSED)
