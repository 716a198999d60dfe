"""What has to be asked again: visits that ended without an answer, and questions that the desk typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from clinic.inquiry import Wishes
from clinic.store import Store
from clinic.visits import Kept
from device.domain.values import ConsentItem, Prescription, ReceptionId, UnitId

KEEP_EVIDENCE = timedelta(hours=24)
"""As long as the visitor's consents count; then the sealed evidence is deleted, whether it was used or not."""


class PendingVisit(Struct, frozen=True, kw_only=True, tag="visit"):
    """A visit whose proof held while the service was away. The evidence stays sealed until it is used."""

    reception: str
    unit: str
    asked_at: datetime
    """When the proof was made and the visitor consented."""
    evidence: str
    challenge: bytes
    consents: dict[ConsentItem, bool]
    prescription: Prescription | None
    public_expense: bool | None
    emergency: bool


class PendingQuery(Struct, frozen=True, kw_only=True, tag="query"):
    """Insurance data or a person's data that somebody typed, sealed for the gateway."""

    reception: str
    asked_at: datetime
    asked_by: str
    query: str
    """A `Query`, sealed."""
    mode: Literal["normal", "disaster"] = "normal"
    consent: bool | None = None
    """In a disaster: what the person said aloud; None where nobody could be asked."""


Pending = PendingVisit | PendingQuery


class PendingStore:
    """The pending ones, in the store's file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep_for_later(self, pending: Pending) -> None:
        """Have it on disk when this returns; a later one for the same reception replaces it."""
        row = (pending.reception, pending.asked_at.isoformat(), msgspec.json.encode(pending))
        self._store.write(
            "keep what has to be asked again",
            lambda base: base.execute("INSERT OR REPLACE INTO pending VALUES (?, ?, ?)", row),
        )

    def all(self) -> list[Pending]:
        """Return all, the oldest first."""
        with self._store.reading() as base:
            rows = base.execute("SELECT pending FROM pending ORDER BY asked_at").fetchall()
        return [msgspec.json.decode(row[0], type=Pending) for row in rows]

    def settle(self, reception: str) -> None:
        """Delete one, from the file as well."""
        self._store.write(
            "delete what was asked", lambda base: base.execute("DELETE FROM pending WHERE reception = ?", (reception,))
        )


def pending_visit(unit: UnitId, reception: ReceptionId, kept: Kept, wishes: Wishes) -> PendingVisit:
    """Return what to keep of a visit."""
    return PendingVisit(
        reception=reception,
        unit=unit,
        asked_at=kept.at,
        evidence=kept.evidence,
        challenge=kept.challenge,
        consents=dict(wishes.consents),
        prescription=wishes.prescription,
        public_expense=wishes.public_expense,
        emergency=wishes.emergency,
    )
