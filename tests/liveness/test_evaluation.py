"""The commands that measure, on a few frames of simulated visitors and attacks."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.app.assets.place import MODELS_DIR
from device.app.cli import app
from device.app.liveness_evaluation.measuring import Judge, Told
from device.app.liveness_evaluation.parallax_study import invented
from device.app.liveness_evaluation.presentations import LIVE, Asked, read_presentations
from device.app.liveness_evaluation.report import tally
from device.app.liveness_evaluation.staging import DURING, Ears, film, species, stage
from device.domain.errors import BadConfig
from device.domain.values import Move
from device.sim.portrait import load_photo


def told(kind: str, *, unit: bool | None, face: bool = True) -> Told:
    passes: dict[Judge, bool | None] = dict.fromkeys(Judge)
    passes[Judge.UNIT] = unit
    return Told(kind, "one", face=face, live=None, passes=passes)


def test_attacks_that_pass_and_visitors_who_do_not_are_errors_with_exact_intervals() -> None:
    report = tally(
        [told("print", unit=True)]
        + [told("print", unit=False)] * 9
        + [told(LIVE, unit=True)] * 4
        + [told(LIVE, unit=False, face=False)]
        + [told("print", unit=None)]
    )

    live, attack = report.rows
    assert (live.species, live.errors.count, live.errors.of) == (LIVE, 1, 5)
    assert (attack.species, attack.errors.count, attack.errors.of) == ("print", 1, 10)
    assert attack.errors.low == pytest.approx(0.0025, abs=1e-4)
    assert attack.errors.high == pytest.approx(0.4450, abs=1e-4)
    words = "\n".join(report.lines())
    assert "BPCER  20.0 %" in words
    assert "APCER  10.0 %" in words
    assert "live: no face to judge in 1 of 5" in words


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A visitor, a print and a photo of nobody."""
    folder = tmp_path_factory.mktemp("filmed")
    ears = Ears()
    kinds = species(load_photo(MODELS_DIR, "obama"), load_photo(MODELS_DIR, "biden"), ears, Move.TURN_LEFT)
    for kind in (LIVE, "print"):
        film(folder / kind / "one", kinds[kind], Move.TURN_LEFT, ears, seed=0)
    cv2.imwrite(str(folder / "print" / "nobody.png"), np.full((240, 320, 3), 90, np.uint8))
    return folder


def test_every_layer_is_told_apart_and_drawn(filmed: Path, tmp_path: Path) -> None:
    plot = tmp_path / "liveness.svg"
    result = CliRunner().invoke(app, ["face", "evaluate-liveness", "--dir", str(filmed), "--json", "--plot", str(plot)])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    errors = {(row["species"], row["judge"]): (row["errors"], row["of"]) for row in found["rows"]}
    assert errors[LIVE, "move seen"] == (0, 1)
    assert errors[LIVE, "same person"] == (0, 1)
    assert errors[LIVE, "unit without nets"] == (0, 1)
    assert errors["print", "move seen"] == (0, 1)
    assert errors["print", "unit without nets"] == (0, 2)
    assert {"species": "print", "count": 1, "of": 2} in found["without_face"]
    assert plot.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_photos_do_where_there_are_no_films_and_it_is_told_in_words(tmp_path: Path) -> None:
    for kind in (LIVE, "screen"):
        (tmp_path / kind).mkdir()
        picture = load_photo(MODELS_DIR, "obama").cut(640, 480, face_share=0.45)
        cv2.imwrite(str(tmp_path / kind / "one.jpg"), picture)
    result = CliRunner().invoke(app, ["face", "evaluate-liveness", "--dir", str(tmp_path)])

    assert result.exit_code == 0, result.output
    assert "move seen" not in result.stdout, "nobody was asked for anything"
    assert "APCER" in result.stdout
    assert "BPCER" in result.stdout


def test_what_was_asked_and_when_stands_beside_the_frames(filmed: Path) -> None:
    presentations = read_presentations(filmed)

    assert [(each.species, each.name) for each in presentations] == [
        (LIVE, "one"),
        ("print", "nobody.png"),
        ("print", "one"),
    ]
    assert presentations[0].asked == Asked(move=Move.TURN_LEFT, after=6, frames_per_second=6.0)
    assert len(presentations[0].frames) == 6 + DURING


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('move = "nod"\nfrom = 1', "move"),
        ('move = "turn_left"\nfrom = 9', "only 1 frames"),
        ('move = "turn_left"\nfrom = 0', "from"),
        ("move = ", "asked.toml"),
    ],
)
def test_a_wrong_asked_toml_is_named(tmp_path: Path, text: str, said: str) -> None:
    folder = tmp_path / LIVE / "one"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "1.png"), np.zeros((64, 64, 3), np.uint8))
    (folder / "asked.toml").write_text(text, encoding="utf-8")

    with pytest.raises(BadConfig, match=said):
        read_presentations(tmp_path)


def test_folders_that_hold_nothing_to_measure_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="no folder"):
        read_presentations(tmp_path / "absent")
    with pytest.raises(BadConfig, match="no presentations"):
        read_presentations(tmp_path)
    (tmp_path / "print" / "empty").mkdir(parents=True)
    with pytest.raises(BadConfig, match="no pictures"):
        read_presentations(tmp_path)


def test_nothing_is_filmed_into_a_folder_that_has_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(BadConfig, match="not empty"):
        stage(tmp_path, {}, takes=1, say=lambda _: None)


def test_invented_planes_do_not_turn_and_invented_heads_do_the_better_the_farther() -> None:
    lines = {line.kind: line for line in invented(0.12, frames=3, tries=100)}

    plane = lines["invented plane, any tilt, noise 1%"]
    assert plane.passed.count <= 1
    assert "taken for a turn" in plane.words()
    heads = [lines[f"invented head at {yaw} degrees, noise 1%"].passed.count for yaw in (25, 35, 45)]
    assert heads[0] <= heads[1] <= heads[2] + 5
    assert heads[2] > 50
