"""What the gateway remembers of visits that are under way: little, not for long, and never more than fits."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clinic.inquiry import Proven
from clinic.national_service import HolderRef
from device.domain.values import CertificateState, ConsentItem, ReceptionId, UnitId
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

    reference: HolderRef | None = field(repr=False)
    """None where the service could not be asked yet."""
    proven: Proven
    asked: tuple[ConsentItem, ...]
    public_expense_asked: bool = False
    registered: bool = True
    """False until `register`: the proof held, and there is no qualification to give yet."""
    registered_now: bool = False

    @property
    def certificate(self) -> CertificateState:
        """What the calendar says of the certificate."""
        return self.proven.certificate or CertificateState.GOOD


@dataclass(frozen=True, slots=True)
class Kept:
    """The evidence as it came, sealed, until the visit has its answer: with it the service can be asked again."""

    evidence: str = field(repr=False)
    challenge: bytes = field(repr=False)
    at: datetime


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
    kept: Kept | None = None
    given: dict[str, Given] = field(default_factory=dict)


class Visits:
    """All visits under way, for several threads. A unit that opens many pushes out its own oldest, nobody else's."""

    def __init__(self) -> None:
        self._visits: OrderedDict[tuple[UnitId, ReceptionId], Visit] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._visits)

    def forget_expired(self, now: datetime) -> None:
        """Let go of visits whose time is up."""
        with self._lock:
            # In the order in which they were opened, and all live equally long: the first that lives ends the search.
            while self._visits and next(iter(self._visits.values())).expires_at <= now:
                self._visits.popitem(last=False)

    def find(self, unit: UnitId, reception: ReceptionId) -> Visit | None:
        """Return a visit that was opened and has not expired."""
        return self._visits.get((unit, reception))

    def open(self, unit: UnitId, reception: ReceptionId, now: datetime) -> Visit:
        """Return the visit, a new one if there is none, and let the oldest go where there are too many."""
        with self._lock:
            visit = self.find(unit, reception)
            if visit is None:
                of_unit = [key for key in self._visits if key[0] == unit]
                if len(of_unit) >= MAX_VISITS_OF_A_UNIT:
                    del self._visits[of_unit[0]]
                elif len(self._visits) >= MAX_VISITS:
                    self._visits.popitem(last=False)
                visit = self._visits[unit, reception] = Visit(expires_at=now + VISIT_LIFETIME)
            return visit
