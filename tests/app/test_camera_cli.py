"""`uketsuke camera check` for whoever installs a camera."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from device.app.cli import app
from device.domain.errors import BadConfig, Fault
from device.drivers.system import reboot_if_up_long_enough

QUICK = ["--width", "320", "--height", "240", "--rate", "50", "--frames", "4"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chance = np.random.default_rng(3)
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), chance.integers(60, 200, (240, 320, 3), np.uint8))
    return tmp_path


def test_a_good_camera_is_told_of_in_figures_and_no_picture_is_left(folder: Path) -> None:
    before = sorted(folder.iterdir())
    done = CliRunner().invoke(app, ["camera", "check", f"folder:{folder}", *QUICK[:-4], "--rate", "5", "--json"])

    (told,) = json.loads(done.stdout)["cameras"]
    assert (told["width"], told["height"], told["small_stream"]) == (320, 240, True)
    assert told["fresh"] is True
    assert told["changes"] is True
    assert told["age_ms"] >= 0
    assert 100 < told["brightness"] < 160
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(("grey", "said"), [(0, "dark"), (255, "white"), (128, "the same picture came twice")])
def test_what_is_wrong_with_the_picture_is_said(tmp_path: Path, grey: int, said: str) -> None:
    cv2.imwrite(str(tmp_path / "only.png"), np.full((240, 320, 3), grey, np.uint8))
    done = CliRunner().invoke(app, ["camera", "check", f"folder:{tmp_path}", *QUICK])

    assert done.exit_code == 1
    assert said in done.stdout


def test_a_camera_that_is_not_there_and_no_camera_at_all_are_named() -> None:
    missing = CliRunner().invoke(app, ["camera", "check", "folder:/nowhere", *QUICK])
    nonsense = CliRunner().invoke(app, ["camera", "check", "webcam", *QUICK])

    assert isinstance(missing.exception, Fault)
    assert "no folder" in str(missing.exception)
    assert isinstance(nonsense.exception, BadConfig)


def test_the_machine_is_restarted_at_most_once_an_hour() -> None:
    commands: list[tuple[str, ...]] = []

    assert not reboot_if_up_long_enough(uptime_s=lambda: 3599.0, run=commands.append)
    assert commands == []
    assert reboot_if_up_long_enough(uptime_s=lambda: 3600.0, run=commands.append)
    assert commands == [("systemctl", "reboot")]


def test_a_machine_that_cannot_be_restarted_is_no_crash() -> None:
    def run(_command: tuple[str, ...]) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    assert not reboot_if_up_long_enough(uptime_s=lambda: 9000.0, run=run)
