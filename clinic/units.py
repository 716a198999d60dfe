"""How the units are: what they say themselves, and what their asks show. In memory; the broker retains their status."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from clinic.changes import Changes, Subject
from device.domain.reasons import Reason
from device.wire.messages import Status
from device.wire.texts import Text

VISIT_FORGOTTEN_AFTER = timedelta(minutes=3)
"""A visit that never came to an end (power cut) does not show as "reading" for longer."""


class Condition(StrEnum):
    """The one word for a unit."""

    READY = "ready"
    READING = "reading"
    NEEDS_STAFF = "needs_staff"
    IMPAIRED = "impaired"
    OFFLINE = "offline"


CONDITION_WORDS = {
    Condition.READY: Text(ja="使えます", en="Ready"),
    Condition.READING: Text(ja="受付中", en="Reading"),
    Condition.NEEDS_STAFF: Text(ja="係の対応が必要", en="Needs staff"),
    Condition.IMPAIRED: Text(ja="一部使えません", en="Impaired"),
    Condition.OFFLINE: Text(ja="つながりません", en="Offline"),
}


@dataclass(frozen=True, slots=True)
class UnitState:
    """One unit, now."""

    name: str
    condition: Condition
    since: datetime
    """When the condition began, by the clinic's clock. After a restart of the clinic side: when it was first heard."""
    troubles: tuple[Reason, ...]
    version: str
    simulated: bool
    missing_results: int = 0
    """Results that are still on their way."""

    @property
    def words(self) -> Text:
        """The condition in both languages."""
        return CONDITION_WORDS[self.condition]


@dataclass(frozen=True, slots=True)
class _Heard:
    status: Status
    since: datetime
    reading_since: datetime | None = None
    staff_since: datetime | None = None


class Units:
    """Every unit that was heard. For several threads at a time."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._heard: dict[str, _Heard] = {}
        self._lock = threading.Lock()

    def hear(self, status: Status, now: datetime) -> None:
        """Take in what a unit says of itself, or its last will says for it."""
        with self._lock:
            before = self._heard.get(status.unit)
            if before is None:
                self._heard[status.unit] = _Heard(status, now)
            elif status.state == "offline" and before.status.birth_id != status.birth_id:
                return  # the late last will of an earlier life
            else:
                since = before.since if before.status.state == status.state else now
                self._heard[status.unit] = replace(before, status=status, since=since)
        self._changes.tell(Subject.UNIT, status.unit)

    def begun(self, unit: str, now: datetime) -> None:
        """A visit has begun at a unit."""
        self._mark(unit, reading_since=now, staff_since=None)

    def ended(self, unit: str, now: datetime, *, needs_staff: bool) -> None:
        """A visit has ended at a unit, well or with somebody who waits for staff."""
        self._mark(unit, reading_since=None, staff_since=now if needs_staff else None)

    def attended(self, unit: str) -> None:
        """Staff has been there."""
        self._mark(unit, staff_since=None)

    def states(self, now: datetime) -> list[UnitState]:
        """Return every unit, by name."""
        with self._lock:
            return [_state(heard, now) for _, heard in sorted(self._heard.items())]

    def _mark(self, unit: str, **marks: datetime | None) -> None:
        with self._lock:
            heard = self._heard.get(unit)
            if heard is None:
                return  # it has not said who it is; its status comes in a moment
            self._heard[unit] = replace(heard, **marks)  # type: ignore[arg-type]  # only the two times above
        self._changes.tell(Subject.UNIT, unit)


def _state(heard: _Heard, now: datetime) -> UnitState:
    status = heard.status
    condition, since = Condition(status.state), heard.since
    if condition is not Condition.OFFLINE:
        if heard.staff_since is not None:
            condition, since = Condition.NEEDS_STAFF, heard.staff_since
        elif heard.reading_since is not None and now - heard.reading_since < VISIT_FORGOTTEN_AFTER:
            condition, since = Condition.READING, heard.reading_since
    return UnitState(status.unit, condition, since, tuple(status.troubles), status.version, status.simulated)
