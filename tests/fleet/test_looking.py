"""What `show` tells of a unit's own examination and of what it is made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.domain.finding import FindingCode
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import encode
from device.wire.findings import Checkup, catalogue
from device.wire.fleet import Health
from provisioning.fleet.cli import app
from provisioning.fleet.desk import Message
from provisioning.fleet.fleet import open_fleet, utc_now
from provisioning.fleet.store.states import UnitState

MORNING = datetime(2026, 4, 6, 22, 0, tzinfo=UTC)
Shown = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Told:
    """A fleet with one active unit that may tell how it is."""

    folder: Path
    unit: UnitId

    def tell(self, **fields: object) -> None:
        told = {
            "birth_id": "0f1e2d3c4b5a6978",
            "hardware": "5e" * 32,
            "version": "9.9.9",
            "uptime_s": 5,
            "troubles": [],
            "twin_version": 0,
            "certificate_until": MORNING,
        }
        payload = encode(Health(**(told | fields)))  # type: ignore[arg-type]  # any field of a message
        with open_fleet(self.folder) as fleet:
            fleet.desk("tests").handle([Message(topics.up(self.unit, topics.Up.HEALTH), payload)], utc_now())

    def show(self, *options: str) -> str:
        shown = CliRunner().invoke(app, ["show", self.unit, "--fleet", str(self.folder), *options])
        assert shown.exit_code == 0, shown.output
        return shown.output


@pytest.fixture
def told(tmp_path: Path) -> Told:
    folder = tmp_path / "fleet"
    listed = tmp_path / "units.csv"
    listed.write_text("serial\nA-1\n")
    for words in (["init", str(folder), "--host", "broker.example"], ["import", str(listed), "--fleet", str(folder)]):
        assert CliRunner().invoke(app, words).exit_code == 0
    with open_fleet(folder) as fleet, fleet.store.begin(utc_now()) as work:
        [unit] = work.units.listed()
        for state in (UnitState.PENDING, UnitState.ACTIVE):
            work.units.move(work.units.find(unit.name), state, "for the test")
    return Told(folder, UnitId(unit.name))


def test_the_morning_s_examination_is_shown_in_both_languages(told: Told) -> None:
    told.tell(checkup=Checkup(at=MORNING, severity="error", codes=["camera_silent", "too_hot"], checks=34))
    shown = told.show()

    assert "examined 2026-04-06 22:00 UTC, 34 checks: 2 findings" in shown
    what = catalogue()[FindingCode.CAMERA_SILENT].what
    assert f"✗ camera_silent: {what.ja} / {what.en}" in shown
    assert json.loads(told.show("--json"))["checkup"]["codes"] == ["camera_silent", "too_hot"]


def test_what_a_newer_unit_found_is_shown_by_its_code(told: Told) -> None:
    told.tell(checkup=Checkup(at=MORNING, severity="warning", codes=["flux_lost"], checks=99))

    assert "? flux_lost" in told.show()


def test_the_parts_versions_are_shown(told: Told) -> None:
    told.tell(parts={"board": "Raspberry Pi 4 Model B Rev 1.5", "reader": "PN532 (firmware 1.6)"})

    assert "PN532 (firmware 1.6)" in told.show()
    assert json.loads(told.show("--json"))["parts"]["board"] == "Raspberry Pi 4 Model B Rev 1.5"


def test_a_unit_that_never_told_is_shown_without(told: Told) -> None:
    assert "examined" not in told.show()
    assert json.loads(told.show("--json"))["checkup"] is None
