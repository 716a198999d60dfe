"""The disaster mode (災害時医療情報閲覧): people are looked up without a card, by what they say.

The ministry opens it for an area and some days; here somebody at the desk switches it on, says why, and it ends by
itself. Consent is spoken; of somebody who cannot speak it is reported as "could not be obtained", never as a no.
Facts: fact sheet on online qualification confirmation, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clinic.changes import Subject
from clinic.not_filled import NotFilledError
from clinic.store import Store

LONGEST = timedelta(hours=72)
"""Then somebody looks at whether it is still needed."""

MIN_REASON, MAX_REASON = 4, 200


@dataclass(frozen=True, slots=True)
class DisasterMode:
    """One time that it was on. Kept for whoever asks later who switched it on, and why."""

    began_at: datetime
    until: datetime
    reason: str
    began_by: str
    ended_at: datetime | None
    ended_by: str | None


class DisasterSwitch:
    """The switch, in the store's file: it stays as it is over a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._was_on = False

    def present(self, now: datetime) -> DisasterMode | None:
        """Return the mode that is on, None on a normal day."""
        return next((mode for mode in self.history() if mode.ended_at is None and now < mode.until), None)

    def notice_end(self, now: datetime) -> None:
        """Tell whoever watches when the mode was on at the last call and is not any more: nobody ends it by hand.

        To be called every so often.
        """
        is_on = self.present(now) is not None
        if self._was_on and not is_on:
            self._store.changes.tell(Subject.MODE, "disaster")
        self._was_on = is_on

    def history(self) -> list[DisasterMode]:
        """Return every time that it was on, the latest first."""
        with self._store.reading() as base:
            rows = base.execute("SELECT * FROM disaster_modes ORDER BY began_at DESC").fetchall()
        return [
            DisasterMode(_time(began), _time(until), reason, by, None if ended is None else _time(ended), ended_by)
            for began, until, reason, by, ended, ended_by in rows
        ]

    def begin(self, reason: str, *, lasts: timedelta, by: str, now: datetime) -> DisasterMode:
        """Switch it on, in place of one that is on already.

        Raise NotFilledError: the reason has not `MIN_REASON` to `MAX_REASON` characters, or it would last too long.
        """
        if not MIN_REASON <= len(reason.strip()) <= MAX_REASON:
            raise NotFilledError("reason")
        if not timedelta(0) < lasts <= LONGEST:
            raise NotFilledError("hours")
        self.end(by=by, now=now)
        mode = DisasterMode(now, now + lasts, reason.strip(), by, None, None)
        row = (now.isoformat(), mode.until.isoformat(), mode.reason, by)
        self._store.write(
            "switch the disaster mode on",
            lambda base: base.execute("INSERT OR REPLACE INTO disaster_modes VALUES (?, ?, ?, ?, NULL, NULL)", row),
        )
        self._store.changes.tell(Subject.MODE, "disaster")
        return mode

    def end(self, *, by: str, now: datetime) -> bool:
        """Switch it off; False when it was off."""
        if self.present(now) is None:
            return False
        self._store.write(
            "switch the disaster mode off",
            lambda base: base.execute(
                "UPDATE disaster_modes SET ended_at = ?, ended_by = ? WHERE ended_at IS NULL", (now.isoformat(), by)
            ),
        )
        self._store.changes.tell(Subject.MODE, "disaster")
        return True


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
