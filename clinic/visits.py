"""What the gateway remembers of visits that are under way: little, not for long, and never more than fits."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from clinic.national_service import HolderRef
from device.domain.values import Assurance, CertificateState, ConsentItem, ReceptionId, UnitId
from device.wire.messages import Answer

VISIT_LIFETIME = timedelta(minutes=10)
"""Longer than any visit: the unit gives up far earlier."""

MAX_VISITS = 2000
MAX_VISITS_OF_A_UNIT = 8
"""One visit at a time is normal; a few more cover restarts in the middle of one."""

MAX_ASKS_OF_A_VISIT = 24
"""A visit has three asks, four where the card is registered on the spot, and a new challenge for each further try."""


@dataclass(frozen=True, slots=True)
class OpenChallenge:
    """A challenge that has been given out and not been used."""

    value: bytes = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KnownHolder:
    """The proof held; there is nothing in here that the evidence contained."""

    reference: HolderRef = field(repr=False)
    accepted: Assurance
    certificate: CertificateState
    certificate_ends: date
    asked: tuple[ConsentItem, ...]
    public_expense_asked: bool = False
    registered: bool = True
    """False until `register`: the proof held, and there is no qualification to give yet."""
    registered_now: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given, to be given again when the same ask comes again."""

    digest: bytes
    answer: Answer


@dataclass(slots=True)
class Visit:
    """One visit at one unit."""

    expires_at: datetime
    challenge: OpenChallenge | None = None
    holder: KnownHolder | None = None
    given: dict[str, Given] = field(default_factory=dict)


class Visits:
    """All visits under way. A unit that opens many pushes out its own oldest, never another unit's."""

    def __init__(self) -> None:
        self._visits: OrderedDict[tuple[UnitId, ReceptionId], Visit] = OrderedDict()

    def __len__(self) -> int:
        return len(self._visits)

    def forget_expired(self, now: datetime) -> None:
        """Let go of visits whose time is up."""
        for key in [key for key, visit in self._visits.items() if visit.expires_at <= now]:
            del self._visits[key]

    def find(self, unit: UnitId, reception: ReceptionId) -> Visit | None:
        """Return a visit that was opened and has not expired."""
        return self._visits.get((unit, reception))

    def open(self, unit: UnitId, reception: ReceptionId, now: datetime) -> Visit:
        """Return the visit, a new one if there is none, and let the oldest go where there are too many."""
        visit = self.find(unit, reception)
        if visit is None:
            of_unit = [key for key in self._visits if key[0] == unit]
            if len(of_unit) >= MAX_VISITS_OF_A_UNIT:
                del self._visits[of_unit[0]]
            elif len(self._visits) >= MAX_VISITS:
                self._visits.popitem(last=False)
            visit = self._visits[unit, reception] = Visit(expires_at=now + VISIT_LIFETIME)
        return visit
