"""A unit that runs is asked about its parts; nothing is taken from it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as with_fields

from device.app.config import Config
from device.app.doctor import Case, examine
from device.app.doctor.case import OutboxTold
from device.app.doctor.live import LiveSenses
from device.app.doctor.report import findings_of
from device.app.doctor.running import senses_by
from device.app.snapshot import PartNow, Snapshot
from device.domain.errors import Fault
from device.domain.finding import FindingCode as Code
from device.domain.reasons import Reason
from device.wire.findings import summary

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker
BROKEN = (
    ("reader", Reason.READER_FAULT, Code.PCSCD_DOWN, Code.PCSCD_DOWN),
    ("camera", Reason.CAMERA_FAULT, None, Code.CAMERA_SILENT),
    ("card front camera", Reason.CAMERA_FAULT, None, Code.CAMERA_SILENT),
    ("keypad", Reason.KEYPAD_FAULT, Code.KEY_STUCK, Code.KEY_STUCK),
    ("indicators", Reason.PANEL_FAULT, None, Code.LAMPS_SILENT),
    ("voice", Reason.VOICE_FAULT, None, Code.SPEAKER_SILENT),
    ("display", Reason.PANEL_FAULT, None, Code.DISPLAY_SILENT),
    ("portrait sandbox", Reason.PROTECTION_MISSING, None, Code.PORTRAIT_SANDBOX),
    ("portrait", Reason.INTERNAL_FAULT, Code.PORTRAIT_DECODER, Code.PORTRAIT_DECODER),
    ("models", Reason.INTERNAL_FAULT, None, Code.MODEL_FAILS),
    ("outbox", Reason.OUTBOX_FAULT, Code.DISK_FULL, Code.DISK_FULL),
    # The way to the broker is open here, so a unit that says it is down was turned away.
    ("line", Reason.BROKER_UNREACHABLE, None, Code.BROKER_REFUSES),
)


def snapshot(*troubles: PartNow) -> Snapshot:
    return Snapshot(
        unit="sim-0001",
        version="0",
        simulated=True,
        pid=4711,
        at=datetime.now(UTC),
        uptime_s=1.0,
        state="ready",
        visit="idle",
        visit_s=0.0,
        cue="idle",
        troubles=list(troubles),
        line_up=True,
        waiting_results=0,
        visits={},
        dropped={},
        clock_trusted=True,
    )


def case_of(patient: Patient, now: Snapshot) -> Case:
    assert isinstance(patient.config, Config)
    return replace(patient.case(), parts=senses_by(now, patient.config))


@pytest.mark.parametrize(("part", "reason", "told", "code"), BROKEN)
def test_what_the_unit_says_of_a_part_gets_its_name(
    patient: Patient, part: str, reason: Reason, told: Code | None, code: Code
) -> None:
    trouble = PartNow(part=part, reason=reason, why="as it says", for_s=5.0, needs_person=False, finding=told)
    assert {one.code for one in findings_of(examine(case_of(patient, snapshot(trouble))))} == {code}


def test_a_unit_that_says_that_it_is_well_is_well(patient: Patient) -> None:
    assert findings_of(examine(case_of(patient, snapshot()))) == []


def test_a_line_that_is_down_is_followed_as_far_as_it_goes(patient: Patient) -> None:
    assert isinstance(patient.config, Config)
    patient.config = with_fields(patient.config, broker=with_fields(patient.config.broker, host="broker.invalid"))
    down = PartNow(part="line", reason=Reason.BROKER_UNREACHABLE, why="", for_s=5.0, needs_person=False)
    assert {one.code for one in findings_of(examine(case_of(patient, snapshot(down))))} == {Code.BROKER_NAME}


def test_a_reader_that_went_between_two_looks_is_told(patient: Patient) -> None:
    def gone() -> tuple[str, ...]:
        raise Fault("no reader", part="card reader", reason=Reason.READER_FAULT, finding=Code.READER_MISSING)

    senses = LiveSenses({}, readers=gone, outbox=OutboxTold, way=lambda: None)
    found = findings_of(examine(replace(patient.case(), parts=senses)))
    assert [one.code for one in found] == [Code.READER_MISSING]


def test_an_examination_travels_as_codes_alone(patient: Patient) -> None:
    patient.reader.break_down()
    patient.machine.files["/sys/class/thermal/thermal_zone0/temp"] = "84100"
    told = examine(patient.case())
    at = datetime.now(UTC)
    checkup = summary(findings_of(told), checks=len(told), at=at)
    assert checkup.severity == "error"
    assert checkup.codes == [Code.READER_MISSING, Code.TOO_HOT]
    assert summary([], checks=34, at=at).severity == "notice"
    assert os.geteuid() == patient.account
