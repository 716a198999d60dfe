"""Whatever goes wrong around a unit is in its record, and nothing of it is called a pass."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.wire.bench_record import read_signed, verify_bench_record
from hw.engine import run_plan
from hw.errors import (
    BadLimits,
    CannotMeasure,
    CardInDanger,
    NobodyAnswered,
    RigLost,
    SerialGivenTwice,
    UnitLost,
    WrongUnit,
)
from hw.phases.machine import HARDENING, START, STORAGE
from hw.phases.signals import LAMPS_PHASE
from hw.plan import Phase, Plan
from hw.record import Record, Verdict
from hw.report import write_report
from hw.rig.port import Reading, Sensor
from hw.rig.simulated import SimulatedRig
from hw.session import Session
from hw.sim.system import SimulatedSystem
from hw.sim.unit import SimulatedUnit
from hw.station.files import Station
from hw.store import NotStored

Table = Any
"""Made in conftest."""


class RigThatBreaks(SimulatedRig):
    """Its cable is pulled, or its tester leaves, at the third look at a lamp."""

    def __init__(self, unit: SimulatedUnit, error: Exception) -> None:
        super().__init__(unit)
        self._left = 3
        self._error = error

    def sense(self, sensor: Sensor, at: str = "") -> Reading:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return super().sense(sensor, at)


def plan(table: Table, *phases: Phase, **changes: object) -> Record:
    record: Record = table.try_phases(*phases, **changes)
    return record


def fill_up(table: Table) -> None:
    """Let the store's file grow no further, as on a disk that is full."""
    table.store._database.execute("PRAGMA max_page_count = 1")  # noqa: SLF001  a full disk takes root and a mount


@pytest.mark.parametrize(
    "error",
    [RigLost("the rig's cable was pulled"), NobodyAnswered("nobody answered for five minutes")],
    ids=lambda error: type(error).__name__,
)
def test_a_rig_or_a_tester_that_leaves_stops_the_run(table: Table, error: Exception) -> None:
    record = plan(table, LAMPS_PHASE, STORAGE, rig=RigThatBreaks(table.unit, error))
    assert record.verdict is Verdict.STOPPED
    assert record.why[0] == f"lamps: {error}"
    lamps, storage = record.phases
    assert lamps.verdict is Verdict.STOPPED
    assert storage.verdict is Verdict.NOT_MEASURED
    assert storage.why == [f"not reached: {error}"]
    assert lamps.why == [str(error)], "what the phase had not come to is no reason of its own"
    assert not any(each.verdict is Verdict.PASS for each in record.measurements())


def test_a_unit_that_reboots_in_a_phase_stops_the_run(table: Table) -> None:
    def restart(session: Session) -> None:
        table.unit.starts += 1
        session.measured("hardening.complaints", 0)

    phase = Phase(
        name="restart",
        title=STORAGE.title,
        next_step=STORAGE.next_step,
        measures=("hardening.complaints",),
        run=restart,
    )
    record = plan(table, phase, STORAGE)
    assert record.verdict is Verdict.STOPPED
    assert record.why[0] == "restart: the unit started anew in the middle of a phase"


def test_a_restart_that_the_plan_asked_for_is_none(table: Table) -> None:
    assert plan(table, START, STORAGE).verdict is Verdict.PASS


def test_a_unit_that_vanishes_stops_the_run(table: Table) -> None:
    def vanish(_session: Session) -> None:
        table.unit.lost = "the unit does not answer any more"

    phase = Phase(name="vanish", title=STORAGE.title, next_step=STORAGE.next_step, measures=(), run=vanish)
    assert plan(table, phase, STORAGE).why[0] == "vanish: the unit does not answer any more"


def test_the_wrong_unit_is_not_tried(table: Table) -> None:
    table.serial = "sim-0002"
    record = plan(table, STORAGE)
    assert record.verdict is Verdict.STOPPED
    assert record.why == ["wrong unit: the label says sim-0002, the unit says sim-0001"]
    assert record.next_step == WrongUnit.advice
    assert "Compare the unit on the table with its label" in write_report(record)
    assert record.phases == []


def test_a_serial_number_that_two_boards_have_is_noticed(table: Table) -> None:
    assert plan(table, STORAGE).verdict is Verdict.PASS
    assert plan(table, STORAGE).verdict is Verdict.PASS
    table.unit = SimulatedUnit(board="another-board")
    record = plan(table, STORAGE)
    assert record.verdict is Verdict.STOPPED
    assert "serial number sim-0001 was given twice" in record.why[0]
    assert record.next_step == SerialGivenTwice.advice


def test_whatever_stops_a_run_says_in_both_languages_what_to_do_next() -> None:
    for kind in (RigLost, NobodyAnswered, UnitLost, WrongUnit, SerialGivenTwice, CardInDanger, NotStored, BadLimits):
        assert kind.advice is not None, kind
        assert kind.advice.ja != kind.advice.en


def test_a_bug_in_a_phase_fails_the_phase_and_loses_nothing(table: Table, caplog: pytest.LogCaptureFixture) -> None:
    def divide(_session: Session) -> None:
        raise ZeroDivisionError("by nought")

    phase = Phase(name="bug", title=STORAGE.title, next_step=STORAGE.next_step, measures=(), run=divide)
    record = plan(table, phase, STORAGE)
    assert [each.verdict for each in record.phases] == [Verdict.FAIL, Verdict.PASS]
    assert record.why == ["bug: the bench itself failed: ZeroDivisionError: by nought"]
    assert "phase bug" in caplog.text


def test_the_engine_lets_a_phase_take_as_long_as_a_night_of_presses_takes(table: Table) -> None:
    allowed_s: list[float] = []

    def look(session: Session) -> None:
        thread: Any = threading.current_thread()
        allowed_s.append(thread._phase_desc.options.timeout_s)  # noqa: SLF001  what OpenHTF ends a phase after
        session.measured("hardening.complaints", 0)

    phase = Phase(name="look", title=STORAGE.title, next_step=STORAGE.next_step, measures=HARDENING.measures, run=look)
    assert plan(table, phase).verdict is Verdict.PASS
    assert allowed_s[0] >= 100_000


def test_what_a_phase_forgot_is_not_measured(table: Table) -> None:
    phase = Phase(
        name="forgets",
        title=STORAGE.title,
        next_step=STORAGE.next_step,
        measures=STORAGE.measures,
        run=lambda _session: None,
    )
    record = plan(table, phase)
    assert record.verdict is Verdict.NOT_MEASURED
    assert {each.verdict for each in record.measurements()} == {Verdict.NOT_MEASURED}


def test_what_may_be_missing_does_not_keep_a_run_from_passing(table: Table) -> None:
    class Silent(SimulatedSystem):
        def storage_life_used_percent(self) -> float:
            raise CannotMeasure("this card does not say")

    table.unit.system = Silent(table.unit.physics, table.unit.clock, None)
    record = plan(table, STORAGE)
    assert record.verdict is Verdict.PASS
    missing = record.phases[0].measurements[-1]
    assert (missing.verdict, missing.note, missing.required) == (Verdict.NOT_MEASURED, "this card does not say", False)


def test_a_full_disk_ends_in_an_error_and_never_in_a_pass(table: Table) -> None:
    fill_up(table)
    with pytest.raises(NotStored, match="full"):
        plan(table, HARDENING, tester="診療 太郎 " * 10_000)
    assert table.store.entries() == []


def test_a_disk_that_fills_during_the_run_leaves_a_stopped_record(table: Table) -> None:
    def fill(_session: Session) -> None:
        fill_up(table)

    phase = Phase(name="fill", title=STORAGE.title, next_step=STORAGE.next_step, measures=(), run=fill)
    with pytest.raises(NotStored, match="full"):
        plan(table, phase, STORAGE)
    (entry,) = table.store.entries()
    assert (entry.verdict, entry.why) == ("stopped", "the run did not come to its end")
    result = verify_bench_record(table.store.signed(entry.id), table.station.known_keys())
    assert not result.passed("tried", "sim-0001")


def test_a_store_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_bytes(b"this is a text and no database" * 100)
    with pytest.raises(NotStored, match=r"records\.sqlite: file is not a database"):
        Station(tmp_path).store()


def test_records_come_back_as_they_were(table: Table) -> None:
    record = plan(table, STORAGE)
    stored = read_signed(table.store.signed(record.id), table.station.known_keys())
    assert msgspec.json.decode(stored, type=Record) == record
    assert record.started <= datetime.now(UTC)
    assert table.store.as_csv().count("\n") == 1 + len(STORAGE.measures)


def test_the_engine_itself_raises_nothing_for_a_plan_of_no_phases(table: Table) -> None:
    session = Session(table.unit, SimulatedRig(table.unit), table.cards, table.limits, table.unit.facts())
    assert run_plan(Plan(name="empty", title=STORAGE.title, phases=()), session) == []
