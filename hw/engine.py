"""OpenHTF runs the phases and judges the measurements; this is the only file that knows it.

What it does not know is kept beside it: a measurement that nobody could take (for OpenHTF that is a failure like any
other), uncertainties, words, and drawings. So it says of each value whether it holds, and `hw.record.overall` says what
becomes of the unit.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import openhtf as htf
from openhtf.util import console_output, units

from device.domain.errors import UketsukeError
from device.wire.texts import Text
from hw.errors import CannotMeasure, RunStopped
from hw.limits import Limit
from hw.plan import Phase, Plan
from hw.record import Measurement, PhaseRecord, Verdict
from hw.session import Session, Taken

log = logging.getLogger(__name__)

VERSION: Final = str(htf.__version__)
LONGEST_S: Final = 7 * 86_400.0
"""Of one phase. OpenHTF would end it after three minutes; heat and clock take longer, and presses a night."""
_NO_UNIT: Final = {"1", "grey"}

# The page and the report tell what is to be told; a banner on standard output would break `--json`.
console_output.CLI_QUIET = True

PhaseDone = Callable[[PhaseRecord], None]


@dataclass(slots=True)
class _Notes:
    """What a phase left behind, until OpenHTF has judged its values."""

    seconds: float = 0.0
    trouble: list[str] = field(default_factory=list)
    not_looked: str = ""
    """Why a phase that measures nothing by number could not look."""
    stopped: bool = False
    advice: Text | None = None
    taken: dict[str, Taken] = field(default_factory=dict)
    series: list[Any] = field(default_factory=list)


def run_plan(plan: Plan, session: Session, phase_done: PhaseDone = lambda _record: None) -> list[PhaseRecord]:
    """Go through a plan with one unit, and return what was found, phase by phase. Nothing but a bug of ours is raised.

    Phases that a stop kept from running are there too, as not measured.
    """
    plan.check(session.limits)
    done: dict[str, PhaseRecord] = {}
    stop: list[str] = []

    def body(phase: Phase) -> Callable[[Any], Any]:
        def run(test: Any) -> Any:  # noqa: ANN401  OpenHTF is untyped
            notes = _carry_out(phase, session)
            for name, taken in notes.taken.items():
                if taken.value is not None:
                    test.measurements[_name(name)] = taken.value
            judged = {name: test.get_measurement(_name(name)).outcome.name == "PASS" for name in phase.measures}
            record = _record(phase, session, notes, judged)
            done[phase.name] = record
            phase_done(record)
            if notes.stopped:
                stop.extend(notes.trouble)
                return htf.PhaseResult.STOP
            return htf.PhaseResult.CONTINUE

        run.__name__ = phase.name
        return run

    phases = [
        htf.PhaseOptions(name=phase.name, timeout_s=LONGEST_S)(
            htf.measures(*(_measurement(session.limits[name]) for name in phase.measures))(body(phase))
        )
        for phase in plan.phases
    ]
    test = htf.Test(*phases, test_name=plan.name)
    test.configure(failure_exceptions=())
    test.execute(test_start=lambda: session.facts.serial)
    for phase in plan.phases:
        if phase.name not in done:
            done[phase.name] = _not_run(phase, session, stop)
    return [done[phase.name] for phase in plan.phases]


def _carry_out(phase: Phase, session: Session) -> _Notes:
    notes = _Notes()
    began_s = time.monotonic()
    session.begin(phase.name)
    try:
        phase.run(session)
        session.require_same_unit()
    except CannotMeasure as error:
        for name in phase.measures:
            if name not in session.taken:
                session.not_measured(name, str(error))
        if not phase.measures:
            notes.not_looked = str(error)
    except RunStopped as error:
        notes.trouble.append(f"{error}")
        notes.stopped, notes.advice = True, error.advice
    except UketsukeError as error:
        notes.trouble.append(str(error))
    except Exception as error:  # a bug of ours in one phase must not lose the record of the others
        log.exception("phase %s", phase.name)
        notes.trouble.append(f"the bench itself failed: {type(error).__name__}: {error}")
    notes.seconds = time.monotonic() - began_s
    notes.taken, notes.series = session.taken, session.series
    return notes


def _record(phase: Phase, session: Session, notes: _Notes, judged: dict[str, bool]) -> PhaseRecord:
    measurements = [_judged(session.limits[name], notes.taken.get(name), holds=judged[name]) for name in phase.measures]
    why = [*notes.trouble, *filter(None, [notes.not_looked])]
    for each in measurements:
        if each.verdict is Verdict.FAIL:
            why.append(_words(each, session.limits[each.name]))
        elif each.verdict is Verdict.NOT_MEASURED and each.required and not notes.stopped:
            why.append(f"{each.title.en} was not measured: {each.note or 'the phase ended before'}")
    if not why and _nothing_measured(measurements):
        why.extend(f"not measured: {note}" for note in dict.fromkeys(each.note for each in measurements))
    return PhaseRecord(
        name=phase.name,
        title=phase.title,
        verdict=_verdict(notes, measurements),
        why=why,
        seconds=round(notes.seconds, 3),
        measurements=measurements,
        series=list(notes.series),
        next_step=notes.advice,
    )


def _verdict(notes: _Notes, measurements: list[Measurement]) -> Verdict:
    verdicts = {each.verdict for each in measurements if each.required or each.verdict is Verdict.FAIL}
    if notes.stopped:
        return Verdict.STOPPED
    if notes.trouble or Verdict.FAIL in verdicts:
        return Verdict.FAIL
    if notes.not_looked or Verdict.NOT_MEASURED in verdicts or _nothing_measured(measurements):
        return Verdict.NOT_MEASURED
    return Verdict.PASS


def _nothing_measured(measurements: list[Measurement]) -> bool:
    return bool(measurements) and all(each.verdict is Verdict.NOT_MEASURED for each in measurements)


def _judged(limit: Limit, taken: Taken | None, *, holds: bool) -> Measurement:
    taken = taken or Taken(None)
    judged = Verdict.PASS if holds else Verdict.FAIL
    return Measurement(
        name=limit.name,
        title=limit.title,
        unit=limit.unit,
        value=taken.value,
        uncertainty=taken.uncertainty,
        samples=taken.samples,
        lower=limit.lower,
        upper=limit.upper,
        verdict=Verdict.NOT_MEASURED if taken.value is None else judged,
        near_limit=taken.value is not None and limit.is_near(taken.value, taken.uncertainty or 0.0),
        note=taken.note,
        required=limit.may_be_missing is None,
    )


def _not_run(phase: Phase, session: Session, why: list[str]) -> PhaseRecord:
    reason = f"not reached: {why[0]}" if why else "not reached"
    return PhaseRecord(
        name=phase.name,
        title=phase.title,
        verdict=Verdict.NOT_MEASURED,
        why=[reason],
        seconds=0.0,
        measurements=[_judged(session.limits[name], Taken(None, note=reason), holds=False) for name in phase.measures],
        series=[],
    )


def _words(measurement: Measurement, limit: Limit) -> str:
    unit = "" if limit.unit == "1" else f" {limit.unit}"
    said = f"{limit.title.en} is {measurement.value:.4g}{unit}, allowed is {limit.words()}"
    return f"{said} ({measurement.note})" if measurement.note else said


def _measurement(limit: Limit) -> Any:  # noqa: ANN401  OpenHTF is untyped
    measurement = htf.Measurement(_name(limit.name)).doc(limit.reason).in_range(limit.lower, limit.upper)
    if limit.unit in _NO_UNIT:
        return measurement
    return measurement.with_units(units.UnitDescriptor(limit.unit, None, limit.unit))


def _name(name: str) -> str:
    """Return the name as OpenHTF's records want it."""
    return name.replace(".", "_")
