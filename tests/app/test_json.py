"""What commands print for machines: one document, or an object a line; what goes wrong, too."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from device.app.assets.place import MODELS_DIR
from device.app.cli import app
from device.app.config import EXAMPLE
from device.app.front_tally import RIGHT, WRONG, CardTold, line_of

PROGRAM = Path(sys.executable).with_name("uketsuke")


def test_fetching_what_is_there_tells_what_check_tells_and_how_far_it_is_beside_it() -> None:
    fetched = CliRunner().invoke(app, ["models", "fetch", "--json"])
    checked = CliRunner().invoke(app, ["models", "check", "--json"])
    assert fetched.exit_code == 0
    assert json.loads(fetched.stdout) == json.loads(checked.stdout)
    assert "files are in place" in fetched.stderr


def test_kept_cards_are_told_of_in_figures_and_a_wrong_number_ends_in_1(tmp_path: Path) -> None:
    kept = tmp_path / "told.jsonl"
    right = CardTold(
        seed=1, index=0, severity=0.5, readable=True, trouble="blur", of_limit=0.5, looks=(RIGHT, RIGHT), sent=RIGHT
    )
    wrong = replace(right, index=1, looks=(WRONG, WRONG), sent=WRONG)
    kept.write_text(line_of(right) + line_of(wrong), encoding="utf-8")

    done = CliRunner().invoke(app, ["card", "front-evaluate", "--count", "2", "--keep", str(kept), "--json"])

    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["cards"], told["readable"], told["in_time"], told["sent"]) == (2, 2, 1, 2)
    assert told["wrong"] == [{"seed": 1, "card": 1}]
    assert told["by_severity"] == [{"severity": 0.5, "cards": 2, "readable": 2, "in_time": 1, "right": 1}]
    low, high = told["in_time_95"]
    assert 0 < low < 0.5 < high < 1


def test_the_ways_of_being_wrong_are_an_object_a_line() -> None:
    done = CliRunner().invoke(app, ["card", "sim", "--misbehave", "?", "--json"])
    assert any(json.loads(line)["said"].startswith("largest_read=") for line in done.stdout.splitlines())


def test_the_example_and_the_schema_are_json_where_it_is_asked_for() -> None:
    assert json.loads(CliRunner().invoke(app, ["config", "example", "--json"]).stdout) == {"toml": EXAMPLE}
    assert "$defs" in json.loads(CliRunner().invoke(app, ["config", "schema", "--json"]).stdout)


@pytest.mark.parametrize(
    "words",
    [
        ("card", "bridge", "--pn532", "uart:/nowhere"),
        ("card", "explain", "--pn532", "uart:/nowhere"),
        ("models", "fetch", "--mirror", "/nowhere"),
        ("face", "stage-liveness", "--dir", str(MODELS_DIR)),
        ("enrol", "--to", ".", "--panel", "console", "--voice", "", "--seconds", "0.001"),
        ("watch", "--config", "/nowhere"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_goes_wrong_is_a_document_too(words: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, *words, "--json"], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["ok"] is False
    assert told["message"]
    assert "Traceback" not in done.stderr
