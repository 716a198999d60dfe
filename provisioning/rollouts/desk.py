"""The rollout's machine at work: with the fleet's store, signed orders and units' reports.

Two kinds of jobs: one `rollout` that takes a step every few seconds, and an `update` for each unit that was asked. A
worker that dies leaves both to the next one; an order that is sent twice is done once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec
from msgspec import Struct

from device.domain.errors import BadConfig, MessageError
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.fleet import Health, SignedOrder
from device.wire.rollout import OVER, UpdateOrder, UpdateReport
from device.wire.sealing import Signer
from device.wire.texts import Text
from provisioning.fleet.orders import ORDER_EXPIRY_S, wait
from provisioning.fleet.say import Say
from provisioning.fleet.store.jobs import Job, NewJob
from provisioning.fleet.store.states import JobState, UnitState
from provisioning.fleet.store.transaction import Transaction
from provisioning.fleet.store.units import Unit
from provisioning.rollouts import machine
from provisioning.rollouts.machine import Action, Progress, RolloutState, SendBack, SendWave, Tally, Withdraw
from provisioning.rollouts.plan import RolloutPlan, in_waves
from provisioning.web.refusals import NotRightError

ROLLOUT_JOB: Final = "rollout"
UPDATE_JOB: Final = "update"
LONGEST_TICK_S: Final = 10.0
SHORTEST_TICK_S: Final = 0.5
TICKS_PER_SOAK: Final = 60
"""A rollout that is watched for an hour need not be looked at every second."""
EVERYBODY: Final = 1_000_000
_NOBODY: Final = Text(ja="稼働中の端末が一台も当てはまりません。", en="no active unit fits")
_UNBEGUN: Final = (JobState.QUEUED, JobState.SENT)


class Course(Struct, frozen=True, kw_only=True):
    """What a rollout was started with: its plan, and who is asked in which wave."""

    plan: RolloutPlan
    waves: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A rollout as it is."""

    name: str
    course: Course
    progress: Progress
    waves: tuple[Tally, ...]
    """What came of taking the version, wave by wave."""
    back: Tally
    """What came of the orders to go back."""
    why: str

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """As the machine counts: the waves; while it rolls back, the orders to go back alone."""
        return (self.back,) if self.progress.state is RolloutState.ROLLING_BACK else self.waves


def start(work: Transaction, plan: RolloutPlan, units: Sequence[Unit], *, why: str) -> str:
    """Start a rollout to these units; return its name. Raise BadConfig where none of them can be reached."""
    asked = [unit.name for unit in units if unit.state in {UnitState.ACTIVE, UnitState.QUARANTINED}]
    if not asked:
        raise NotRightError(_NOBODY, where="the rollout")
    course = Course(plan=plan, waves=tuple(tuple(wave) for wave in in_waves(plan, asked)))
    name = work.jobs.add_rollout(msgspec.to_builtins(course), state=RolloutState.RUNNING.value, why=why)
    work.jobs.change_rollout(name, progress=msgspec.to_builtins(Progress()))
    work.jobs.add([NewJob(kind=ROLLOUT_JOB, rollout=name, order={})])
    work.audit.note("rollout.started", name, part=plan.part, version=plan.version, units=len(asked), why=why)
    return name


def find(work: Transaction, name: str, *, lock: bool = False) -> Found:
    """Return a rollout with what its units said. Raise BadConfig where there is none."""
    kept = work.jobs.rollout(name, lock=lock)
    course = msgspec.convert(kept.plan, Course)
    progress = msgspec.convert(kept.progress, Progress)
    jobs = updates_of(work, name)
    units = {unit.name: unit for unit in work.units.listed()}
    took = [job for job in jobs if job.order["action"] == "take"]
    waves = tuple(
        _tally(len(wave), [job for job in took if job.wave == number], units)
        for number, wave in enumerate(course.waves, start=1)
    )
    back = [job for job in jobs if job.order["action"] == "go_back"]
    return Found(name, course, progress, waves, _tally(len(back), back, units), kept.why)


def change(work: Transaction, name: str, what: str, *, why: str) -> Progress:
    """Pause, resume, abort or roll back. Raise BadConfig where that cannot be done now."""
    found = find(work, name, lock=True)
    actions: list[Action] = []
    match what:
        case "pause":
            progress = machine.pause(found.progress, why)
        case "resume":
            progress = machine.resume(found.progress, found.tallies)
        case "abort":
            progress, actions = machine.abort(found.progress, why)
        case "roll_back":
            progress, actions = machine.roll_back(found.progress, why)
            if found.progress.state.is_over:
                work.jobs.add([NewJob(kind=ROLLOUT_JOB, rollout=name, order={})])
        case _:
            raise BadConfig(f"no such change: {what}", where=name)
    _carry_out(work, found, progress, actions)
    work.audit.note(f"rollout.{what}", name, why=why)
    return progress


@dataclass(frozen=True, slots=True)
class RolloutDesk:
    """Does the jobs `rollout` and `update`, and hears how far units are."""

    signer: Signer

    def do_rollout(self, work: Transaction, job: Job) -> list[Say]:
        """Take the next step."""
        found = find(work, job.rollout or "", lock=True)
        progress, actions = machine.step(found.course.plan, found.progress, found.tallies, work.now)
        _carry_out(work, found, progress, actions)
        if progress.state.is_over:
            work.jobs.settle(job.job, JobState.SUCCEEDED)
        else:
            work.jobs.settle(job.job, JobState.QUEUED, due_at=work.now + tick(found.course.plan))
        return []

    def do_update(self, work: Transaction, job: Job) -> list[Say]:
        """Send a unit its order, until it has ended; asking again is asking how far it is."""
        rollout = work.jobs.rollout(job.rollout or "")
        plan = msgspec.convert(rollout.plan, Course).plan
        until = job.made_at + timedelta(seconds=plan.job_s)
        if work.now >= until:
            work.jobs.settle(job.job, JobState.TIMED_OUT, outcome={"detail": "the unit did not end in time"})
            work.audit.note("update.timed_out", job.unit or "", rollout=job.rollout or "")
            return []
        held = rollout.state == RolloutState.PAUSED and job.state in _UNBEGUN
        if held:
            work.jobs.settle(job.job, job.state, due_at=work.now + tick(plan))
            return []
        state = JobState.SENT if job.state is JobState.QUEUED else job.state
        work.jobs.settle(job.job, state, due_at=min(work.now + wait(job.attempts), until))
        order = UpdateOrder(job_id=job.job, unit=job.unit or "", until=until, **job.order)
        left_s = min(ORDER_EXPIRY_S, int((until - work.now).total_seconds()) + 1)
        signed = SignedOrder(jws=self.signer.sign(encode(order)))
        return [Say(topics.down(UnitId(order.unit), topics.Down.JOB), encode(signed), left_s)]

    def hear(self, work: Transaction, name: UnitId, payload: bytes) -> list[Say]:
        """Note how far a unit is."""
        report: UpdateReport = decode(payload, UpdateReport)
        job = work.jobs.get(report.job_id, lock=True)
        if job is None or job.unit != name or job.kind != UPDATE_JOB:
            raise MessageError("nobody asked for this update", reason=Reason.SERVICE_REFUSED)
        if job.state.is_over:
            return []
        outcome = {"version": report.version, "refusal": report.refusal, "detail": report.detail}
        work.jobs.settle(job.job, JobState(report.state), outcome=outcome)
        if report.state in OVER:
            work.audit.note(
                f"update.{report.state}", name, rollout=job.rollout, refusal=report.refusal, detail=report.detail
            )
        return []


def tick(plan: RolloutPlan) -> timedelta:
    """Return how often a rollout is looked at."""
    return timedelta(seconds=min(LONGEST_TICK_S, max(SHORTEST_TICK_S, plan.soak_s / TICKS_PER_SOAK)))


def _carry_out(work: Transaction, found: Found, progress: Progress, actions: Sequence[Action]) -> None:
    for action in actions:
        match action:
            case SendWave(wave):
                _order(work, found, list(found.course.waves[wave - 1]), "take", wave)
                work.audit.note("rollout.wave", found.name, wave=wave, units=len(found.course.waves[wave - 1]))
            case SendBack():
                _withdraw(work, found.name)
                have = [job.unit or "" for job in updates_of(work, found.name) if _may_have(job)]
                _order(work, found, sorted(have), "go_back", 0)
            case Withdraw():
                _withdraw(work, found.name)
            case _:
                assert_never(action)
    if progress != found.progress:
        why = progress.told("en")
        work.jobs.change_rollout(
            found.name, state=progress.state.value, progress=msgspec.to_builtins(progress), why=why or None
        )
        if progress.state is not found.progress.state:
            work.audit.note(f"rollout.now_{progress.state}", found.name, why=why)


def _order(work: Transaction, found: Found, units: list[str], action: str, wave: int) -> None:
    plan = found.course.plan
    order = {"action": action, "part": plan.part.value, "version": plan.version}
    work.jobs.add(NewJob(kind=UPDATE_JOB, unit=unit, rollout=found.name, wave=wave, order=order) for unit in units)


def _withdraw(work: Transaction, rollout: str) -> None:
    for job in updates_of(work, rollout):
        if job.state in _UNBEGUN:
            # One that was sent may be on its way; whoever has begun it is asked to go back like the others.
            work.jobs.settle(job.job, JobState.CANCELLED, outcome={"detail": "withdrawn"})


def _may_have(job: Job) -> bool:
    """Return whether the unit has the version, or may be about to: going back from what one has not is no work."""
    if job.order["action"] != "take":
        return False
    was_sent = job.state is JobState.CANCELLED and job.attempts > 0
    return was_sent or job.state is JobState.SUCCEEDED or not job.state.is_over or job.state is JobState.TIMED_OUT


def updates_of(work: Transaction, rollout: str) -> list[Job]:
    """Return the orders of a rollout, to take its version and to go back."""
    return [job for job in work.jobs.listed(rollout=rollout, limit=EVERYBODY) if job.kind == UPDATE_JOB]


def _tally(units: int, jobs: Sequence[Job], known: dict[str, Unit]) -> Tally:
    done = [job for job in jobs if job.state is JobState.SUCCEEDED]
    return Tally(
        units=units,
        succeeded=len(done),
        failed=sum(job.state.is_over and job.state is not JobState.SUCCEEDED for job in jobs),
        unwell=sum(not is_well(known.get(job.unit or ""), since=job.changed_at) for job in done),
    )


def is_well(unit: Unit | None, *, since: datetime) -> bool:
    """Return whether a unit that has the version is there, and neither alarmed nor troubled since it has it."""
    if unit is None or not unit.online:
        return False
    # An alarm of before, as for a ticket that was tried twice, is not the version's.
    if unit.alarm_at is not None and unit.alarm_at >= since:
        return False
    if unit.health is None or unit.health_at is None or unit.health_at < since:
        return True
    health: Health = decode(unit.health.encode(), Health)
    return not health.troubles
