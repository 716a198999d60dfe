"""What is written down of one unit on the bench: typed, one JSON document, readable in ten years without this program.

`docs/bench.md` describes it for whoever analyses records; unknown fields are ignored when one is read.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import msgspec

from device.wire.bench_record import BENCH_FORMAT
from device.wire.texts import Text


class Verdict(StrEnum):
    """Of a measurement, a phase, a run."""

    PASS = "pass"  # noqa: S105  a verdict
    FAIL = "fail"
    """Measured, and outside its limits; or a part of the unit broke down under the phase."""
    NOT_MEASURED = "not_measured"
    """Nobody looked; never a pass."""
    STOPPED = "stopped"
    """The run ended early: rig gone, tester gone, unit gone, a card in danger."""

    @property
    def is_good(self) -> bool:
        """Whether a unit may go on with it."""
        return self is Verdict.PASS


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity, with its limits as they were that day."""

    name: str
    title: Text
    unit: str
    value: float | None
    """None where it was not measured."""
    uncertainty: float | None = None
    """Half the width of the interval that holds the true value in 95 of 100 cases; None where it was counted whole."""
    samples: int = 1
    lower: float | None = None
    upper: float | None = None
    verdict: Verdict
    near_limit: bool = False
    """A limit lies within the uncertainty: the verdict might be the other one."""
    note: str = ""
    """What was seen, in words: which row, which lamp; or why it was not measured."""
    required: bool = True
    """Without it a run does not pass."""


class Drawing(StrEnum):
    """How a series is looked at."""

    HISTOGRAM = "histogram"
    CUMULATIVE = "cumulative"
    CURVE = "curve"
    BARS = "bars"


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Raw samples, or a curve: what a plot is drawn from, and what a study is reckoned from."""

    name: str
    title: Text
    drawing: Drawing
    x_name: str
    x: list[float]
    y_name: str = ""
    y: list[float] = []
    labels: list[str] = []
    """Names of the bars."""
    limit_of: str = ""
    """The measurement whose limits are drawn in, across x or y as `drawing` asks; empty for none."""


class PhaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One phase."""

    name: str
    title: Text
    verdict: Verdict
    why: list[str]
    """In words, what kept it from passing, or why nothing was measured."""
    seconds: float
    measurements: list[Measurement]
    series: list[Series]
    next_step: Text | None = None
    """What to do next where the phase was stopped; else the plan says it."""

    @property
    def lets_pass(self) -> bool:
        """Whether a run may pass with it: it passed, or nothing was measured and all of that may be missing."""
        may_be_missing = bool(self.measurements) and not any(each.required for each in self.measurements)
        return self.verdict.is_good or (self.verdict is Verdict.NOT_MEASURED and may_be_missing)


class RigFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the unit was tried with."""

    kind: str
    """`hand`, `board` or `simulated`."""
    name: str
    firmware: str = ""
    abilities: list[str] = []
    calibrated: dict[str, str] = {}
    """Day of the last calibration by tool, as the station's file says."""


class UnitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was on the table."""

    serial: str
    """As the unit says itself."""
    board: str
    """What the board calls itself; two boards with one serial number are a mistake."""
    started: str
    """Which start of the machine this is; another one in the middle of a phase is a unit that rebooted."""
    hardware: str
    simulated: bool
    versions: dict[str, str]
    digests: dict[str, str]
    """SHA-256 of weights and configuration, by name."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Around the table; None where nobody measured."""

    temperature_c: float | None = None
    humidity_percent: float | None = None
    room_lx: float | None = None
    room_db: float | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one plan on one unit."""

    format: str = BENCH_FORMAT
    id: str
    plan: str
    """`functional`, `release`, …"""
    unit: UnitFacts
    station: str
    tester: str
    rig: RigFacts
    started: datetime
    ended: datetime
    verdict: Verdict
    why: list[str]
    """In words, what kept the run from passing."""
    phases: list[PhaseRecord]
    cards: list[str]
    """Names of the bench's cards that were used."""
    environment: Environment
    versions: dict[str, str]
    """Of the bench itself."""
    digests: dict[str, str]
    """SHA-256 of limits, plan and list of cards."""
    next_step: Text | None = None
    """What to do next where the run was stopped before its first phase."""

    def measurements(self) -> list[Measurement]:
        """Return all of them, in the order of the plan."""
        return [each for phase in self.phases for each in phase.measurements]


def new_id() -> str:
    """Return a name for a record that no other has."""
    return uuid.uuid4().hex


def overall(phases: list[PhaseRecord]) -> tuple[Verdict, list[str]]:
    """Return what becomes of a run, and why: stopped before failed, failed before not measured.

    A phase whose unmeasured quantities may be missing keeps no run from passing, so that one without a microphone can.
    """
    for verdict in (Verdict.STOPPED, Verdict.FAIL, Verdict.NOT_MEASURED):
        hit = [phase for phase in phases if phase.verdict is verdict and not phase.lets_pass]
        if hit:
            said = [f"{phase.name}: {why}" for phase in phases if not phase.lets_pass for why in phase.why]
            return verdict, said
    if not phases:
        return Verdict.NOT_MEASURED, ["the plan has no phase"]
    if not any(phase.verdict.is_good for phase in phases):
        return Verdict.NOT_MEASURED, [f"{phase.name}: {why}" for phase in phases for why in phase.why]
    return Verdict.PASS, []
