"""What a tester types wrongly is said in words: what, where, and what to do next."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hw.cli import main

Capture = pytest.CaptureFixture[str]


def told(monkeypatch: pytest.MonkeyPatch, capsys: Capture, *words: str) -> tuple[object, str]:
    """Start the bench as a shell does; return its exit code and what it complained of."""
    monkeypatch.setattr(sys, "argv", ["uketsuke-bench", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return ended.value.code, said


@pytest.mark.parametrize(
    ("serial", "tester", "said"),
    [
        ("../up", "A", "Scan the QR code"),
        ("", "A", "QRコード"),
        ("u-1", " ", "担当者の名前"),
        ("u-1", "x" * 65, "tester's name"),
    ],
)
def test_a_serial_number_or_a_tester_that_is_none_begins_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path, serial: str, tester: str, said: str
) -> None:
    folder = tmp_path / "station"
    code, words = told(monkeypatch, capsys, "run", serial, "--tester", tester, "--folder", str(folder))
    assert code == 2
    assert said in words
    assert not folder.exists()


@pytest.mark.parametrize("words", [["records"], ["csv"], ["export", "1"], ["report", "1"]], ids=lambda words: words[0])
def test_looking_into_a_folder_that_is_no_station_s_makes_none(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path, words: list[str]
) -> None:
    folder = tmp_path / "elsewhere"
    code, said = told(monkeypatch, capsys, *words, "--folder", str(folder))
    assert code == 2
    assert said == f"{folder} holds no records: --folder names the station's folder\n"
    assert not folder.exists()


def test_what_goes_wrong_is_a_document_for_machines_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    rig = f"board:{tmp_path / 'ttyACM0'}"
    words = ["run", "u-1", "--tester", "A", "--rig", rig, "--folder", str(tmp_path), "--json"]
    monkeypatch.setattr(sys, "argv", ["uketsuke-bench", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert "cannot be opened" in said["message"]
    assert "Check the rig's cable" in said["advice"]["en"]


def test_a_rig_that_is_not_plugged_in_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    port = tmp_path / "ttyACM0"
    code, said = told(
        monkeypatch, capsys, *("run", "u-1", "--tester", "A", "--rig", f"board:{port}", "--folder", str(tmp_path))
    )
    assert code == 2
    assert said.splitlines()[0] == f"the rig's serial line {port} cannot be opened: No such file or directory"
    assert "治具のケーブル" in said
    assert "Check the rig's cable" in said


def test_a_place_where_nothing_can_be_kept_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "records.sqlite").mkdir()
    code, said = told(monkeypatch, capsys, "run", "u-1", "--tester", "A", "--folder", str(tmp_path))
    assert code == 2
    assert f"records cannot be kept in {tmp_path / 'records.sqlite'}" in said
    assert "what cannot be kept is no pass" in said


def test_a_mistake_in_the_limits_is_named_with_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text('[keypad.bounce_ms]\nja = "a"\nen = "b"\nunit = "furlong"\nupper = 2\nreason = "because"\n')
    code, said = told(
        monkeypatch, capsys, *("run", "u-1", "--tester", "A", "--limits", str(limits), "--folder", str(tmp_path / "s"))
    )
    assert code == 2
    assert "limits.toml:4: [keypad.bounce_ms] there is no unit 'furlong'" in said
    assert "'source' is missing" in said
    assert "nothing was tested yet" in said


def test_the_wrong_unit_is_said_on_the_terminal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    config = tmp_path / "unit.toml"
    config.write_text(
        f'[unit]\nname = "sim-bench"\nstate = "{tmp_path}"\n'
        '[broker]\nhost = "127.0.0.1"\nauthority = "a"\ncertificate = "b"\nkey = "c"\n[clinic]\nsealing_key = "d"\n'
    )
    words = ["run", "u-9", "--tester", "A", "--unit", str(config), "--rig", "hand", "--folder", str(tmp_path / "s")]
    monkeypatch.setattr(sys, "argv", ["uketsuke-bench", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code == 1
    assert "wrong unit: the label says u-9, the unit says sim-bench" in said
    assert "ラベルを見比べ" in said
    assert "Compare the unit on the table with its label" in said
    assert "中断 STOPPED" in said
