"""What the station's page shows and what its buttons do: one run at a time, one tester, one question."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final

from device.domain.errors import UketsukeError
from device.wire.texts import Text
from hw.cards import CardBox
from hw.errors import BenchError, NobodyAnswered
from hw.limits import Limits
from hw.plan import Plan
from hw.plans import PLANS
from hw.record import Measurement, PhaseRecord, Record, Verdict
from hw.report import VERDICTS, bounds, figure, write_report
from hw.rig.by_hand import Answer, Person, Request
from hw.rig.port import Rig
from hw.run import Job, run_job
from hw.session import Session
from hw.station.files import Station
from hw.unit.port import UnitUnderTest
from hw.wish import Refused, check_wish

PATIENCE_S: Final = 300.0
PLOTS: Final = 4
"""The latest ones are shown while a plan runs; the report has all."""
POINTS: Final = 400


@dataclass(frozen=True, slots=True)
class OnTheTable:
    """What a run needs beside its plan."""

    unit: UnitUnderTest
    rig: Rig
    cards: CardBox


Setup = Callable[[str, Person], AbstractContextManager[OnTheTable]]
"""Lays a unit on the table: takes the serial number that was scanned and whoever stands there."""


@dataclass(slots=True)
class _Shown:
    """Everything on the page; changed under the desk's lock alone."""

    state: str = "idle"
    serial: str = ""
    plan: Plan | None = None
    running: str = ""
    phases: dict[str, PhaseRecord] = field(default_factory=dict)
    plots: list[dict[str, Any]] = field(default_factory=list)
    prompt: tuple[int, Request] | None = None
    record: Record | None = None
    trouble: str = ""
    advice: Text | None = None
    """What to do next after a trouble, or a stop that no phase tells."""


class StationDesk:
    """One station. `request` and `show` come from the run's thread, everything else from the page's."""

    def __init__(self, station: Station, limits: Limits, setup: Setup, *, patience_s: float = PATIENCE_S) -> None:
        self.station = station
        self._limits = limits
        self._setup = setup
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._version = 0
        self._shown = _Shown()
        self._answers: dict[int, Answer] = {}
        self._numbers = itertools.count(1)
        self._thread: threading.Thread | None = None

    # --- what the page does ------------------------------------------------------------------------------------------

    def start(self, *, serial: str, tester: str, plan: str) -> None:
        """Begin a run. Raise Refused saying what is missing, or that one runs already."""
        serial, tester = check_wish(serial, tester)
        if plan not in PLANS:
            raise Refused(Text(ja="そのような試験計画はありません。", en="There is no such plan."))
        with self._changed:
            if self._shown.state == "running":
                raise Refused(Text(ja="いま別の端末を試験しています。", en="Another unit is being tested."))
            self._shown = _Shown(state="running", serial=serial, plan=PLANS[plan])
            self._tell()
        self._thread = threading.Thread(target=self._run, args=(serial, tester, PLANS[plan]), name="bench run")
        self._thread.start()

    def answer(self, number: int, answer: Answer) -> None:
        """Answer the question of this number; an old one is ignored."""
        with self._changed:
            prompt = self._shown.prompt
            if prompt is not None and prompt[0] == number:
                self._answers[number] = answer
                self._shown.prompt = None
                self._tell()

    def snapshot(self) -> dict[str, Any]:
        """Return everything that the page shows."""
        with self._changed:
            shown = self._shown
            record = shown.record
            return {
                "version": self._version,
                "state": shown.state,
                "serial": shown.serial,
                "plan": _both(shown.plan.title) if shown.plan else None,
                "verdict": {"key": record.verdict, **_both(VERDICTS[record.verdict])} if record else None,
                "why": list(record.why) if record else [],
                "report": f"/report/{record.id}" if record else None,
                "trouble": shown.trouble,
                "next": _both(shown.advice) if shown.advice else None,
                "prompt": _prompt(shown.prompt),
                "phases": [self._phase(phase.name) for phase in shown.plan.phases] if shown.plan else [],
                "plots": list(shown.plots),
            }

    def wait_until_idle(self, timeout_s: float) -> None:
        """Wait for the end of a run. Raise TimeoutError."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            if thread.is_alive():
                raise TimeoutError("the run goes on")

    # --- what the run asks -------------------------------------------------------------------------------------------

    def request(self, request: Request) -> Answer:
        """Show a question and wait for its answer. Raise NobodyAnswered."""
        with self._changed:
            number = next(self._numbers)
            self._shown.prompt = number, request
            self._tell()
            if not self._changed.wait_for(lambda: number in self._answers, self._patience_s):
                self._shown.prompt = None
                self._tell()
                raise NobodyAnswered(f"nobody answered for {self._patience_s:g} s: {request.text.en}")
            return self._answers.pop(number)

    def show(self, request: Request) -> None:
        """Show what is to be done; nobody waits for an answer."""
        with self._changed:
            self._shown.prompt = 0, request
            self._tell()

    # --- the run -----------------------------------------------------------------------------------------------------

    def _run(self, serial: str, tester: str, plan: Plan) -> None:
        try:
            with self._setup(serial, self) as table, self.station.store() as store:
                job = Job(
                    plan=plan,
                    serial=serial,
                    tester=tester,
                    unit=table.unit,
                    rig=table.rig,
                    cards=table.cards,
                    limits=self._limits,
                )
                record = run_job(job, self.station, store, listener=self._follow, phase_done=self._note)
            page = write_report(record, plan=plan, limits=self._limits)
            self.station.write(f"reports/{record.id}.html", page.encode())
        except (BenchError, UketsukeError) as error:
            self._end(None, str(error), error.advice if isinstance(error, BenchError) else None)
        except Exception as error:
            self._end(None, f"{type(error).__name__}: {error}", None)
            raise
        else:
            self._end(record, "", record.next_step)

    def _end(self, record: Record | None, trouble: str, advice: Text | None) -> None:
        with self._changed:
            self._shown.state = "done"
            self._shown.running = ""
            self._shown.prompt = None
            self._shown.record, self._shown.trouble, self._shown.advice = record, trouble, advice
            self._tell()

    def _note(self, record: PhaseRecord) -> None:
        with self._changed:
            self._shown.phases[record.name] = record
            self._tell()

    def _follow(self, session: Session) -> None:
        with self._changed:
            if self._shown.running != session.phase:
                self._shown.running = session.phase
                self._tell()
            plots = [_plot(session, index) for index in range(len(session.series))][-PLOTS:]
            if plots and plots != self._shown.plots:
                self._shown.plots = plots
                self._tell()

    def _phase(self, name: str) -> dict[str, Any]:
        plan = self._shown.plan
        phase = next(each for each in plan.phases if each.name == name) if plan else None
        record = self._shown.phases.get(name)
        words: dict[str, Any] = {"name": name, "verdict": None, "why": [], "why_ja": [], "next": None}
        if phase is not None:
            words["title"] = _both(phase.title)
        if record is not None:
            words["verdict"] = {"key": record.verdict, **_both(VERDICTS[record.verdict])}
            words["why"] = record.why
            words["why_ja"] = [_in_japanese(each) for each in record.measurements if _is_told(each, record)]
            if not record.lets_pass and phase is not None:
                words["next"] = _both(record.next_step or phase.next_step)
        elif self._shown.running == name:
            words["verdict"] = {"key": "running", "ja": "試験中", "en": "running"}
        elif self._shown.state == "done":
            words["verdict"] = {"key": "not_measured", "ja": "行わず", "en": "not done"}
        return words

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()


def _both(text: Text) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _is_told(measurement: Measurement, record: PhaseRecord) -> bool:
    """Return whether this measurement is one of the reasons that the record gives in English."""
    if measurement.verdict is Verdict.FAIL:
        return True
    return (
        measurement.verdict is Verdict.NOT_MEASURED and measurement.required and record.verdict is not Verdict.STOPPED
    )


def _in_japanese(measurement: Measurement) -> str:
    if measurement.verdict is Verdict.NOT_MEASURED:
        return f"{measurement.title.ja}: 測れませんでした"
    return f"{measurement.title.ja}: {figure(measurement)}(許容 {bounds(measurement)})"


def _prompt(prompt: tuple[int, Request] | None) -> dict[str, Any] | None:
    if prompt is None:
        return None
    number, request = prompt
    return {"id": number, **_both(request.text), "asks": bool(number), "yes_or_no": request.wants_yes_or_no}


def _plot(session: Session, index: int) -> dict[str, Any]:
    series = session.series[index]
    limit = session.limits[series.limit_of] if series.limit_of else None
    return {
        "title": _both(series.title),
        "drawing": series.drawing,
        "x": series.x[:POINTS],
        "y": series.y[:POINTS],
        "labels": series.labels,
        "x_name": series.x_name,
        "y_name": series.y_name,
        "lower": limit.lower if limit else None,
        "upper": limit.upper if limit else None,
        "limit_across": limit is not None and limit.unit == series.x_name,
    }
