"""What the desk asks by hand: insurance data from a document, or in a disaster who somebody says to be."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec

from clinic.disaster import DisasterSwitch
from clinic.keys import KeyRing
from clinic.national_service import InsuranceQuery, PersonQuery, Query
from clinic.not_filled import NotFilledError
from clinic.pending import PendingQuery, PendingStore
from clinic.record import VisitRecord
from clinic.store import Store
from device.domain.errors import MessageError
from device.domain.reasons import Reason
from device.domain.values import Assurance, AttendantReason
from device.wire.sealing import seal

DESK = "desk"
"""The unit's name of visits that had none."""


class Enquiries:
    """Takes questions in; `clinic.again` asks them, and the answer appears as a late one, to be accepted."""

    def __init__(self, store: Store, disaster: DisasterSwitch, *, keys: KeyRing, wake: Callable[[], None]) -> None:
        """Seal questions for the gateway's `keys` and `wake` whoever asks them."""
        self._store = store
        self._disaster = disaster
        self._pending = PendingStore(store)
        self._keys = keys
        self._wake = wake

    def look_up(self, reception: str, query: InsuranceQuery, *, by: str, now: datetime) -> bool:
        """Ask for a visit that has no qualification of its own. False when there is no such visit."""
        visit = self._store.visit(reception)
        if visit is None or visit.qualification is not None:
            return False
        self._ask(PendingQuery(reception=reception, asked_at=now, asked_by=by, query=self._sealed(query)))
        return True

    def look_up_without_card(self, query: Query, *, consent: bool | None, by: str, now: datetime) -> str:
        """Make a visit of somebody without a card, ask, and return its reception. In the disaster mode only.

        `consent` is what the person said aloud, None where nobody could be asked. Raise MessageError on a normal day.
        """
        if self._disaster.present(now) is None:
            raise MessageError("only in the disaster mode", reason=Reason.SERVICE_REFUSED)
        reception = secrets.token_hex(16)
        self._store.keep(
            VisitRecord(
                received_at=now,
                unit=DESK,
                sequence=self._store.next_sequence(DESK),
                message_id=reception,
                reception=reception,
                reason=Reason.ANSWER_PENDING,
                notices=[],
                card=None,
                assurance=Assurance.ATTENDANT,
                consents={},
                started_at=now,
                ended_at=now,
                happened_at=now,
                simulated=False,
                attendant=by,
                attendant_reason=AttendantReason.EMERGENCY if consent is None else AttendantReason.CANNOT_OPERATE,
                mode="disaster",
            )
        )
        self._ask(
            PendingQuery(
                reception=reception,
                asked_at=now,
                asked_by=by,
                query=self._sealed(query),
                mode="disaster",
                consent=consent,
            )
        )
        return reception

    def _sealed(self, query: Query) -> str:
        return seal(msgspec.json.encode(query), self._keys.current)

    def _ask(self, pending: PendingQuery) -> None:
        self._pending.keep_for_later(pending)
        self._wake()


Typed = TypeVar("Typed", InsuranceQuery, PersonQuery)


def read_query(fields: dict[str, str], *, kind: type[Typed]) -> Typed:
    """Return a query from what somebody typed. Raise NotFilledError."""
    try:
        return msgspec.convert({name: value.strip() for name, value in fields.items() if value.strip()}, kind)
    except msgspec.ValidationError as error:
        place = str(error).partition("$.")[2].rstrip("`") or str(error).partition("field ")[2].strip("`")
        raise NotFilledError(place) from None
