"""The whole functional plan, once, on the simulator; what each phase finds is told in the other files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.wire.bench_record import verify_bench_record
from hw.cli import app
from hw.plans.functional import FUNCTIONAL
from hw.printing import NotPrinted, print_pdf
from hw.station.files import Station


def test_a_good_unit_passes_and_leaves_evidence(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["demo", "--folder", str(tmp_path), "--json"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    said = json.loads(told.output)
    assert said["verdict"] == "pass"
    station = Station(tmp_path)
    with station.store() as store:
        document = store.signed(said["record"])
        rows = store.as_csv().splitlines()
    result = verify_bench_record(document, station.known_keys())
    assert result.passed("functional", "sim-0001")
    assert result.unit.simulated
    assert len(rows) == 1 + sum(len(phase.measures) for phase in FUNCTIONAL.phases)
    assert all(row["program"] and row["bench"] for row in csv.DictReader(rows))
    told = CliRunner().invoke(app, ["csv", "--folder", str(tmp_path), "--json"])
    figures = [{name: "" if it is None else str(it) for name, it in row.items()} for row in json.loads(told.stdout)]
    assert figures == list(csv.DictReader(rows))
    for words in (["export", said["record"]], ["export", said["record"], "--json"]):
        assert CliRunner().invoke(app, [*words, "--folder", str(tmp_path)]).stdout_bytes == document + b"\n"
    told = CliRunner().invoke(app, ["report", said["record"], "--folder", str(tmp_path), "--json"])
    assert json.loads(told.stdout) == {"record": said["record"], "written": [said["report"]]}
    told = CliRunner().invoke(app, ["public-key", "--folder", str(tmp_path), "--json"])
    assert json.loads(told.stdout) == {"station": "bench", "public_key": station.public_key().decode()}
    page = Path(said["report"]).read_text(encoding="utf-8")
    for picture in (
        "Reading 256 bytes",
        "How long keys bounce",
        "Sharpness by a slanted edge",
        "Temperature under load",
        "Where the time of the visit by face goes",
    ):
        assert f">{picture}</text>" in page
    for limit in ("limit 45 ms", "limit 25 ms", "limit 0.12 cycles/px", "limit 75 °C", "limit 40 ms"):
        assert f">{limit}</text>" in page
    assert len(page.encode()) < 120_000
    assert "http" not in page.replace("http://www.w3.org", "")
    names = re.findall(r'<(?!path|clipPath)\w+[^>]*\sid="([^"]+)"', page)
    assert len(names) == len(set(names))
    phases = json.loads(document)["record"]["phases"]
    assert phases[4]["name"] == "nfc"
    for each in (each for phase in phases for each in phase["measurements"]):
        if each["unit"] in {"s", "ms", "ppm"}:
            assert each["uncertainty"] is not None, each["name"]


def test_limits_with_an_error_stop_the_bench_before_anything_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hw.cli import main  # noqa: PLC0415  what a shell would start

    limits = tmp_path / "limits.toml"
    limits.write_text('[keypad.bounce_ms]\nupper = "25"\n', encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["uketsuke-bench", "demo", "--limits", str(limits), "--folder", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "limits.toml:2: [keypad.bounce_ms] 'upper' has to be a number" in capsys.readouterr().err
    assert not (tmp_path / "records.sqlite").exists()


def test_a_report_is_printed_by_the_browser_of_this_machine(tmp_path: Path, chromium: str) -> None:
    assert chromium
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text("<!doctype html><title>report</title><p>合格 PASS</p>", encoding="utf-8")
    print_pdf(page, pdf)
    assert pdf.read_bytes().startswith(b"%PDF-")


def test_where_no_browser_is_the_report_stays_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPrinted, match="install chromium"):
        print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
