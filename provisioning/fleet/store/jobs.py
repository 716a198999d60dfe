"""Work that must not be lost when a worker dies, and the rollouts that it may belong to.

A worker takes due jobs for a limited time (`take`); what it has not settled by then is anybody's again. So a job is
done at least once, and whoever does it has to bear that it was done before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, or_, select, update

from device.domain.errors import BadConfig
from provisioning.fleet.store.states import JobState
from provisioning.fleet.store.tables import JOBS, ROLLOUTS

OPEN = tuple(state.value for state in JobState if not state.is_over)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, as the table has it."""

    job: str
    rollout: str | None
    unit: str | None
    kind: str
    state: JobState
    wave: int
    order: dict[str, Any]
    outcome: dict[str, Any]
    made_at: datetime
    changed_at: datetime
    due_at: datetime
    attempts: int
    held_by: str | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be done."""

    kind: str
    unit: str | None = None
    rollout: str | None = None
    wave: int = 0
    order: dict[str, Any]
    due_at: datetime | None = None
    """None: at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A change that goes out in waves. Plan and progress are whoever rolls out's own documents."""

    rollout: str
    state: str
    plan: dict[str, Any]
    progress: dict[str, Any]
    made_at: datetime
    made_by: str
    changed_at: datetime
    why: str


class JobVerbs:
    """Reads and changes jobs and rollouts."""

    def __init__(self, base: Connection, *, now: datetime, actor: str) -> None:
        self._base = base
        self._now = now
        self._actor = actor

    def add(self, jobs: Iterable[NewJob]) -> list[str]:
        """Add jobs; return their names."""
        rows = [
            {
                "job": secrets.token_hex(8),
                "rollout": job.rollout,
                "unit": job.unit,
                "kind": job.kind,
                "state": JobState.QUEUED.value,
                "wave": job.wave,
                "order": _text(job.order),
                "made_at": self._now,
                "changed_at": self._now,
                "due_at": job.due_at or self._now,
            }
            for job in jobs
        ]
        if rows:
            self._base.execute(insert(JOBS), rows)
        return [str(row["job"]) for row in rows]

    def get(self, job: str, *, lock: bool = False) -> Job | None:
        """Return a job."""
        asked = select(JOBS).where(JOBS.c.job == job)
        row = self._base.execute(asked.with_for_update() if lock else asked).first()
        return None if row is None else _job(row)

    def listed(
        self, *, rollout: str | None = None, unit: str | None = None, states: Sequence[JobState] = (), limit: int = 1000
    ) -> list[Job]:
        """Return jobs that fit all of what is asked, the newest first."""
        asked = select(JOBS).order_by(JOBS.c.made_at.desc(), JOBS.c.job).limit(limit)
        if rollout is not None:
            asked = asked.where(JOBS.c.rollout == rollout)
        if unit is not None:
            asked = asked.where(JOBS.c.unit == unit)
        if states:
            asked = asked.where(JOBS.c.state.in_([state.value for state in states]))
        return [_job(row) for row in self._base.execute(asked)]

    def last_change(self) -> datetime | None:
        """Return when any job went on last."""
        changed: datetime | None = self._base.execute(select(func.max(JOBS.c.changed_at))).scalar_one()
        return changed

    def counts(self, rollout: str) -> dict[tuple[int, JobState], int]:
        """Return how many jobs of each wave are in each state."""
        asked = select(JOBS.c.wave, JOBS.c.state, func.count()).where(JOBS.c.rollout == rollout)
        rows = self._base.execute(asked.group_by(JOBS.c.wave, JOBS.c.state))
        return {(wave, JobState(state)): number for wave, state, number in rows}

    def take(
        self, worker: str, *, limit: int, hold: timedelta, kinds: Sequence[str] = (), only: str | None = None
    ) -> list[Job]:
        """Take due jobs that nobody holds, or `only` this one; they are `worker`'s for as long as `hold`."""
        asked = (
            select(JOBS)
            .where(
                JOBS.c.state.in_(OPEN),
                JOBS.c.due_at <= self._now,
                or_(JOBS.c.held_until.is_(None), JOBS.c.held_until <= self._now, JOBS.c.held_by == worker),
            )
            .order_by(JOBS.c.due_at, JOBS.c.job)
            .limit(limit)
            # SQLite has one writer at a time and ignores this; with PostgreSQL workers pass by what others hold.
            .with_for_update(skip_locked=True)
        )
        if kinds:
            asked = asked.where(JOBS.c.kind.in_(kinds))
        if only is not None:
            asked = asked.where(JOBS.c.job == only)
        jobs = [_job(row) for row in self._base.execute(asked)]
        if jobs:
            self._base.execute(
                update(JOBS)
                .where(JOBS.c.job.in_([job.job for job in jobs]))
                .values(held_by=worker, held_until=self._now + hold, attempts=JOBS.c.attempts + 1)
            )
        return jobs

    def settle(
        self, job: str, state: JobState, *, outcome: dict[str, Any] | None = None, due_at: datetime | None = None
    ) -> None:
        """Note how far a job is and let go of it; `due_at` says when to look at it again."""
        values: dict[str, Any] = {
            "state": state.value,
            "changed_at": self._now,
            "held_by": None,
            "held_until": None,
        }
        if outcome is not None:
            values["outcome"] = _text(outcome)
        if due_at is not None:
            values["due_at"] = due_at
        self._base.execute(update(JOBS).where(JOBS.c.job == job).values(**values))

    def add_rollout(self, plan: dict[str, Any], *, state: str, why: str = "", name: str | None = None) -> str:
        """Add a rollout; return its name."""
        name = name or secrets.token_hex(4)
        self._base.execute(
            insert(ROLLOUTS).values(
                rollout=name,
                state=state,
                plan=_text(plan),
                made_at=self._now,
                made_by=self._actor,
                changed_at=self._now,
                why=why,
            )
        )
        return name

    def rollout(self, name: str, *, lock: bool = False) -> Rollout:
        """Return a rollout. Raise BadConfig where there is none."""
        asked = select(ROLLOUTS).where(ROLLOUTS.c.rollout == name)
        row = self._base.execute(asked.with_for_update() if lock else asked).first()
        if row is None:
            raise BadConfig("no such rollout", where=name)
        return _rollout(row)

    def rollouts(self, *, states: Sequence[str] = (), limit: int = 100) -> list[Rollout]:
        """Return rollouts, the newest first."""
        asked = select(ROLLOUTS).order_by(ROLLOUTS.c.made_at.desc()).limit(limit)
        if states:
            asked = asked.where(ROLLOUTS.c.state.in_(states))
        return [_rollout(row) for row in self._base.execute(asked)]

    def change_rollout(
        self, name: str, *, state: str | None = None, progress: dict[str, Any] | None = None, why: str | None = None
    ) -> None:
        """Note where a rollout is."""
        values: dict[str, Any] = {"changed_at": self._now}
        if state is not None:
            values["state"] = state
        if progress is not None:
            values["progress"] = _text(progress)
        if why is not None:
            values["why"] = why
        self._base.execute(update(ROLLOUTS).where(ROLLOUTS.c.rollout == name).values(**values))


def _text(document: dict[str, Any]) -> str:
    return msgspec.json.encode(document, order="sorted").decode()


def _job(row: Any) -> Job:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    read = {field: msgspec.json.decode(values[field]) for field in ("order", "outcome")}
    return Job(**(values | read | {"state": JobState(values["state"])}))


def _rollout(row: Any) -> Rollout:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001
    read = {field: msgspec.json.decode(values[field]) for field in ("plan", "progress")}
    return Rollout(**(values | read))
