"""One plan on one unit, from the scan of its serial number to the record on the disk."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec

from hw.cards import CardBox
from hw.engine import VERSION, run_plan
from hw.errors import RunStopped, SerialGivenTwice, WrongUnit
from hw.limits import Limits
from hw.plan import Plan
from hw.record import PhaseRecord, Record, UnitFacts, Verdict, new_id, overall
from hw.rig.port import Rig
from hw.session import Listener, Session
from hw.station.files import Station
from hw.store import RecordStore
from hw.unit.port import UnitUnderTest

UNFINISHED = "the run did not come to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the tester asked for."""

    plan: Plan
    serial: str
    """As scanned from the unit's label."""
    tester: str
    unit: UnitUnderTest
    rig: Rig
    cards: CardBox
    limits: Limits


def run_job(
    job: Job,
    station: Station,
    store: RecordStore,
    *,
    listener: Listener = lambda _session: None,
    phase_done: Callable[[PhaseRecord], None] = lambda _record: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Record:
    """Run, sign, keep, return. Whatever goes wrong with unit, rig or tester is in the record.

    A record that says "stopped" is kept before the first phase, so that a station that dies leaves one. Raise NotStored
    when that, or the end of it, cannot be kept; BadLimits for a plan without limits.
    """
    job.plan.check(job.limits)
    unit = _unknown(job.serial)
    record = _shell(job, station, unit, now())
    store.keep(record, station.sign(record))
    try:
        unit = job.unit.facts()
        _require_the_right_one(job, unit, store)
    except RunStopped as error:
        ended = _ended(record, unit, [], now(), (Verdict.STOPPED, [str(error)]))
        record = msgspec.structs.replace(ended, next_step=error.advice)
    else:
        session = Session(job.unit, job.rig, job.cards, job.limits, unit, listener)
        phases = run_plan(job.plan, session, phase_done)
        record = _ended(record, unit, phases, now(), overall(phases))
    store.keep(record, station.sign(record))
    return record


def _require_the_right_one(job: Job, unit: UnitFacts, store: RecordStore) -> None:
    if unit.serial != job.serial:
        raise WrongUnit(f"wrong unit: the label says {job.serial}, the unit says {unit.serial}")
    others = {entry.board for entry in store.entries(unit.serial)} - {unit.board, ""}
    if others:
        raise SerialGivenTwice(
            f"serial number {unit.serial} was given twice: another board ({min(others)}) has it already"
        )


def _shell(job: Job, station: Station, unit: UnitFacts, at: datetime) -> Record:
    return Record(
        id=new_id(),
        plan=job.plan.name,
        unit=unit,
        station=station.name,
        tester=job.tester,
        rig=msgspec.structs.replace(job.rig.facts(), calibrated=station.file.calibrated),
        started=at,
        ended=at,
        verdict=Verdict.STOPPED,
        why=[UNFINISHED],
        phases=[],
        cards=[card.name for card in job.cards.cards],
        environment=station.file.environment,
        versions={
            "bench": version("uketsuke"),
            "openhtf": VERSION,
            "python": platform.python_version(),
            "system": f"{os.uname().sysname} {os.uname().release} {os.uname().machine}",
        },
        digests={"limits": job.limits.digest, "plan": job.plan.digest(), "cards": job.cards.digest},
    )


def _ended(
    record: Record, unit: UnitFacts, phases: list[PhaseRecord], at: datetime, ending: tuple[Verdict, list[str]]
) -> Record:
    verdict, why = ending
    return msgspec.structs.replace(record, unit=unit, phases=phases, ended=at, verdict=verdict, why=why)


def _unknown(serial: str) -> UnitFacts:
    return UnitFacts(serial=serial, board="", started="", hardware="unknown", simulated=False, versions={}, digests={})
