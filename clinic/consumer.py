"""The reference consumer: takes in results, keeps each once, and says so.

with Store(Path("clinic.sqlite")) as store:
    consumer = Consumer(store, authority=site_certificate, keys=[private_key], branch=topics.PRODUCTION_ROOT)
    receipt = consumer.take(unit, signed_result, now)          # `unit` from the topic, never from the message
    publish(topics.down(unit, topics.Down.RECEIPT), encode(receipt))
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from cryptography import x509
from joserfc.jwk import ECKey
from msgspec import Meta, Struct

from clinic.health import Health, Trouble
from clinic.record import VisitRecord
from clinic.store import Store
from clinic.units import Units
from device.domain.errors import MessageError
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import decode
from device.wire.messages import Id, Receipt, Result, SignedResult
from device.wire.reasons import entry
from device.wire.sealing import unseal, verify

log = logging.getLogger(__name__)


class Consumer:
    """Takes results of one branch's units. Not for several threads at a time."""

    def __init__(
        self,
        store: Store,
        *,
        authority: x509.Certificate,
        keys: Sequence[ECKey],
        branch: str,
        health: Health | None = None,
        units: Units | None = None,
    ) -> None:
        """Believe units of `authority` in `branch` (a root in `device.wire.topics`); open with the private `keys`."""
        self._store = store
        self._health = health or Health(store.changes)
        self._units = units or Units(store.changes)
        self._authority = authority
        self._keys = tuple(keys)
        self._branch = branch

    def take(self, unit: UnitId, signed: SignedResult, now: datetime) -> Receipt:
        """Store the result unless it is known or must not be believed, and return the receipt for `unit`.

        Raise MessageError for what cannot even be answered, Fault when the disk refuses (no receipt may go out then).
        """
        address = _address(signed)
        try:
            result = self._believe(unit, signed, now)
            if self._store.knows(result.message_id):
                return _receipt(result, "duplicate")
            if result.expires_at <= now:
                raise _refusal("it has expired")
            record = self._record(unit, result, now)
        except MessageError as error:
            log.warning("%s: result %d refused: %s", unit, address.sequence, error)
            self._health.note(unit, Trouble.REFUSED, f"result {address.sequence}: {error}", now)
            # The number in it is unproven, but the topic was the unit's own: at worst it settles a message of its own.
            return _receipt(address, "refused", error.reason)
        self._keep(record, now)
        return _receipt(result, "stored")

    def _keep(self, record: VisitRecord, now: datetime) -> None:
        new = self._store.keep(record)
        self._units.ended(record.unit, now, needs_staff=entry(record.reason).cue is Cue.STAFF)
        if not new:
            log.warning("%s: counts from the start again: number %d was used before", record.unit, record.sequence)
            self._health.note(record.unit, Trouble.COUNTED_AGAIN, f"number {record.sequence} came twice", now)
        if record.unopened is not None:
            self._health.note(record.unit, Trouble.UNOPENED, "sealed for a key that is not ours, or damaged", now)

    def _believe(self, unit: UnitId, signed: SignedResult, now: datetime) -> Result:
        if topics.root_for(unit) != self._branch:
            raise _refusal("a unit of the other branch")
        result: Result = decode(verify(signed.jws, speaker=unit, authority=self._authority, at=now), Result)
        if result.unit != unit:
            raise _refusal("the result names another unit")
        if result.simulated != (self._branch == topics.SIMULATION_ROOT):
            raise _refusal("simulated and real do not mix")
        return result

    def _record(self, unit: UnitId, result: Result, now: datetime) -> VisitRecord:
        qualification, unopened = self._open(unit, result)
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
            simulated=result.simulated,
            qualification=qualification,
            unopened=unopened,
        )

    def _open(self, unit: UnitId, result: Result) -> tuple[dict[str, object] | None, str | None]:
        if result.sealed is None:
            return None, None
        try:
            qualification = _opened(unseal(result.sealed, *self._keys))
        except MessageError as error:
            # Refusing would lose the visit for a key that somebody forgot to configure.
            log.warning("%s: result %d is kept with its qualification sealed: %s", unit, result.sequence, error)
            return None, result.sealed
        if qualification.get("ArbitraryFileIdentifier") != result.reception:
            # Nobody on the way can change a sealed qualification, but a unit can mix two up.
            raise _refusal("its qualification was given for another visit")
        return qualification, None


class _Address(Struct, frozen=True):
    message_id: Id
    sequence: Annotated[int, Meta(ge=1)]


def _opened(plain: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(plain, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # What was opened is personal: neither it nor the decoder's quotation of it leaves here.
        raise _refusal("what was sealed is not a JSON object") from None


def _address(signed: SignedResult) -> _Address:
    try:
        _, payload, _ = signed.jws.split(".")
        plain = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(plain, type=_Address)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _refusal("a result without so much as a number to answer to") from None


def _receipt(
    address: _Address | Result,
    disposition: Literal["stored", "duplicate", "refused"],
    reason: Reason | None = None,
) -> Receipt:
    return Receipt(message_id=address.message_id, sequence=address.sequence, disposition=disposition, reason=reason)


def _refusal(message: str) -> MessageError:
    return MessageError(message, reason=Reason.SERVICE_REFUSED)
