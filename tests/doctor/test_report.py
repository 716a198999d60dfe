"""What the doctor says, to a technician and to a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from device.app.cli import app
from device.app.doctor import CHECKS, examine
from device.app.doctor.opened import try_voice
from device.app.doctor.page import render
from device.app.doctor.report import document, findings_of, lines
from device.domain.errors import BadConfig, Fault
from device.domain.finding import FindingCode, Severity
from device.domain.reasons import Reason
from device.drivers.alsa_voice import AlsaVoice
from device.drivers.machine import LinuxMachine
from device.drivers.system import SystemClock
from device.wire import findings
from device.wire.findings import catalogue, worst
from device.wire.texts import values_of

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def test_at_least_thirty_things_are_looked_at_each_under_a_name_of_its_own() -> None:
    assert len(CHECKS) >= 30
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_every_code_has_words_that_take_nothing_but_detail_and_place() -> None:
    for entry in catalogue().values():
        assert values_of(entry.cause.ja) <= {"detail"}
        assert values_of(entry.to_do.ja) <= {"where"}
        assert not values_of(entry.what.ja)


def test_a_severity_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(BadConfig, match=r"findings\.toml: \[findings\.config_invalid\]"):
        findings.parse(
            "\n".join(
                f'[findings.{code}]\nseverity = "grave"\nwhat = {{ja = "a", en = "a"}}\n'
                'cause = {ja = "a", en = "a"}\nto_do = {ja = "a", en = "a"}'
                for code in FindingCode
            )
        )


@pytest.mark.broker
def test_the_worst_comes_first_with_cause_and_way_out_in_both_languages(patient: Patient) -> None:
    patient.reader.break_down()
    patient.machine.files["/sys/class/thermal/thermal_zone0/temp"] = "84100"
    told = examine(patient.case())
    said = list(lines(told))
    assert said[0].startswith("✗ カードリーダーが見つかりません / There is no card reader  [reader_missing]")
    assert "    → Plug it in again; it works at once, without a restart." in said
    assert any(line.startswith("! 本体が熱くなっています") for line in said)
    assert "84 ℃" in "".join(said)
    assert worst(findings_of(told)) is Severity.ERROR
    as_json = document(told)
    assert as_json["severity"] == "error"
    assert [one["code"] for one in as_json["findings"]] == ["reader_missing", "too_hot"]
    assert as_json["checks"]["reader"] == "found"
    assert as_json["checks"]["broker"] == "well"


@pytest.mark.broker
def test_only_what_is_asked_for_is_looked_at(patient: Patient) -> None:
    told = examine(patient.case(), ["heat", "power"])
    assert [each.check.name for each in told] == ["heat", "power"]
    with pytest.raises(BadConfig, match="no check 'hat'; there are config, certificate"):
        examine(patient.case(), ["hat"])


def test_without_a_configuration_the_machine_is_looked_at_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "unit.toml").write_text("[unit]\nname = 5\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "unit.toml"), "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == Severity.ERROR
    assert told["findings"][0]["code"] == "config_invalid"
    assert told["checks"]["reader"] == "skipped"
    assert told["checks"]["memory"] == "well"


def test_a_check_that_breaks_is_told_and_the_others_go_on(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr(patient.machine.__class__, "volume", lambda _self, path: broken(path))
    found = findings_of(examine(patient.case(), ["space", "heat"]))
    assert [(one.code, one.where) for one in found] == [(FindingCode.CHECK_FAILED, "space")]


def test_a_loudspeaker_without_player_is_silent(tmp_path: Path) -> None:
    voice = AlsaVoice(tmp_path, SystemClock(), volume=lambda: 80, player=str(tmp_path / "no-player"))
    fault = try_voice(voice, lambda _seconds: None)
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.VOICE_FAULT


def test_the_machine_is_read_below_a_root_and_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "model").write_bytes(b"Raspberry Pi 4 Model B\0")
    machine = LinuxMachine(tmp_path)
    assert machine.read("/proc/model") == "Raspberry Pi 4 Model B"
    assert machine.read("/proc/none") is None
    assert machine.names("/proc") == ["model"]
    assert machine.names("/none") == []
    assert machine.volume(tmp_path / "not" / "yet").total_bytes > 0


def test_the_page_says_what_the_doctor_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make pages`"
