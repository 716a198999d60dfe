"""Jobs that ended in an error nobody thought of: what it was, how often in a row, and when they are tried again.

It is noted in the job's outcome, and taken off again by the first turn that goes well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select, update

from provisioning.fleet.store.jobs import OPEN
from provisioning.fleet.store.tables import JOBS

KEY: Final = "failure"
AGAIN: Final = timedelta(seconds=15)
"""After the first failure; the wait doubles with each further one."""
LONGEST: Final = timedelta(hours=1)


class _Noted(Struct, frozen=True):
    words: str
    at: datetime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A job that failed at its last turn."""

    job: str
    kind: str
    unit: str | None
    words: str
    at: datetime
    times: int
    """In a row."""
    due_at: datetime
    """When it is tried again."""


class FailureVerbs:
    """Notes failures of jobs, and gives out those that are not over."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def note(self, job: str, words: str) -> None:
        """Note that a job failed once more, let go of it, and put it off. One that is over stays as it is."""
        asked = select(JOBS.c.outcome).where(JOBS.c.job == job, JOBS.c.state.in_(OPEN))
        row = self._base.execute(asked.with_for_update()).first()
        if row is None:
            return
        outcome = msgspec.json.decode(row.outcome)
        before = _noted(outcome)
        times = 1 if before is None else before.times + 1
        noted = {KEY: _Noted(words=words, at=self._now, times=times)}
        # The exponent is bounded, because a job that never goes well is tried for years.
        due_at = self._now + min(AGAIN * (1 << min(times - 1, 10)), LONGEST)
        self._write(job, outcome | noted, due_at=due_at, held_by=None, held_until=None)

    def clear(self, job: str) -> None:
        """Take a failure off a job that went well, whatever else came of it."""
        asked = select(JOBS.c.outcome).where(JOBS.c.job == job)
        outcome = msgspec.json.decode(self._base.execute(asked).scalar_one())
        if outcome.pop(KEY, None) is not None:
            self._write(job, outcome)

    def listed(self) -> list[Failure]:
        """Return the jobs that failed at their last turn and are not over, the oldest failure first."""
        asked = select(JOBS.c.job, JOBS.c.kind, JOBS.c.unit, JOBS.c.outcome, JOBS.c.due_at).where(
            JOBS.c.state.in_(OPEN), JOBS.c.outcome.contains(f'"{KEY}":{{')
        )
        found = [
            Failure(
                job=row.job,
                kind=row.kind,
                unit=row.unit,
                words=noted.words,
                at=noted.at,
                times=noted.times,
                due_at=row.due_at,
            )
            for row in self._base.execute(asked)
            if (noted := _noted(msgspec.json.decode(row.outcome))) is not None
        ]
        return sorted(found, key=lambda one: (one.at, one.job))

    def _write(self, job: str, outcome: Mapping[str, Any], **values: Any) -> None:  # noqa: ANN401  columns
        text = msgspec.json.encode(outcome, order="sorted").decode()
        self._base.execute(update(JOBS).where(JOBS.c.job == job).values(outcome=text, **values))


def _noted(outcome: Mapping[str, Any]) -> _Noted | None:
    return msgspec.convert(outcome[KEY], _Noted) if KEY in outcome else None
