"""The whole functional plan, once, on the simulator; what each phase finds is told in the other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.wire.bench_record import verify_bench_record
from hw.cli import app
from hw.plans.functional import FUNCTIONAL
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
    page = Path(said["report"]).read_text(encoding="utf-8")
    assert page.count("<svg") >= 8
    for picture in (
        "Reading 256 bytes",
        "How long keys bounce",
        "Sharpness by a slanted edge",
        "Temperature under load",
    ):
        assert picture in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    assert json.loads(document)["record"]["phases"][4]["name"] == "nfc"


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
