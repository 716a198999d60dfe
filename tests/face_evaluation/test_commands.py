"""The commands, with the real networks."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.app.cli import app
from device.domain.errors import BadConfig


def test_evaluate_tells_people_apart_and_says_how_well(photos: Path) -> None:
    (photos / "labels.csv").write_text("person,sex\nBarack,m\nJoe,m\nEileen,f\n")
    plot = photos / "trade-off.svg"

    result = CliRunner().invoke(app, ["face", "evaluate", "--pairs", str(photos), "--json", "--plot", str(plot)])

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["embedder"], told["photos"], told["people"], told["pairs"]) == ("SFace", 4, 3, 1)
    assert [view["view"] for view in told["views"]] == ["plain", "card, 5 kB", "card, 12 kB"]
    for view in told["views"]:
        strangers, genuine = view["at_threshold"]
        assert (strangers["count"], genuine["count"], genuine["of"]) == (0, 1, 1)
        assert view["missed"]["count"] == 0
        assert [group["value"] for group in view["groups"]] == ["m"], "one woman cannot be mistaken for another"
    assert 4000 < told["views"][1]["card_bytes"] < 5500
    assert plot.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_photos_that_a_live_frames_gates_would_refuse_are_counted_by_reason(photos: Path) -> None:
    path = photos / "Joe" / "Joe_0001.jpg"
    cv2.imwrite(str(path), np.asarray(cv2.imread(str(path)), np.uint8) // 12)

    result = CliRunner().invoke(app, ["face", "evaluate", "--pairs", str(photos), "--json"])

    assert json.loads(result.stdout)["refused"]["face_too_dark"] == 1


def test_evaluate_tells_it_in_words_and_leaves_no_photo_where_that_is_wished(photos: Path) -> None:
    result = CliRunner().invoke(app, ["face", "evaluate", "--pairs", str(photos), "--erase"])

    assert result.exit_code == 0, result.output
    assert "SFace: 4 photos of 3 people, 1 pairs of one person" in result.stdout
    assert "at the threshold" in result.stdout
    assert not [path for path in photos.rglob("*") if path.is_file()]


def test_a_benchmark_is_never_erased(photos: Path) -> None:
    (photos / "pairs.txt").write_text("1\t1\nBarack\t1\t2\nBarack\t1\tJoe\t1\n")

    result = CliRunner().invoke(app, ["face", "evaluate", "--pairs", str(photos), "--erase"])

    assert isinstance(result.exception, BadConfig)
    assert len(list(photos.rglob("*.jpg"))) == 3


def test_tune_says_when_photos_are_too_few_to_show_anything(photos: Path) -> None:
    result = CliRunner().invoke(app, ["face", "tune", "--pairs", str(photos)])

    assert isinstance(result.exception, BadConfig)
    assert "cannot show one in 13,500" in str(result.exception)


def test_a_photo_that_is_none_is_named(photos: Path) -> None:
    (photos / "Joe" / "Joe_0001.jpg").write_bytes(b"no photo")

    result = CliRunner().invoke(app, ["face", "evaluate", "--pairs", str(photos)])

    assert isinstance(result.exception, BadConfig)
    assert "Joe_0001.jpg" in str(result.exception)


@pytest.mark.parametrize("command", ["evaluate", "tune"])
def test_an_embedder_that_is_not_in_the_manifest_is_refused_with_those_that_are(command: str, photos: Path) -> None:
    result = CliRunner().invoke(app, ["face", command, "--pairs", str(photos), "--embedder", "FaceNet"])

    assert isinstance(result.exception, BadConfig)
    assert "SFace" in str(result.exception)


def test_covers_are_drawn_over_photos_and_noticed_and_bare_faces_are_none(photos: Path) -> None:
    far_away = photos / "Eileen" / "Eileen_0001.png"
    cv2.imwrite(str(far_away), cv2.resize(np.asarray(cv2.imread(str(far_away)), np.uint8), None, fx=2, fy=2))
    command = ["face", "evaluate-covers", "--pairs", str(photos), "--skip", "1", "--drawn", "1"]

    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)["rows"]
    words = CliRunner().invoke(app, command).stdout

    assert told[0] == {"over": "nothing", "told": 0, "of": 2}
    assert all(row["of"] == 1 for row in told[1:])
    assert sum(row["told"] for row in told[1:]) >= 7
    assert "nothing: said to be covered 0 of 2, 0.00% (0.00% to 84.19%)" in words
