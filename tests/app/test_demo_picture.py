"""The recording in the README is drawn by the demonstration itself."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from rich.console import Console

from device.app.apology import EXIT_CANNOT_RUN
from device.app.demo import picture

RECORDING = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "demo.svg"


def drawn() -> str:
    console = Console(file=io.StringIO(), width=picture.WIDTH, record=True)
    console.print("before the curtain")
    picture.begin(console)
    console.print("[cyan]places the card[/] / カードを置く  ● ready  ◐ card")
    return picture.drawn(console)


def test_the_same_print_gives_the_same_picture_without_what_was_printed_before() -> None:
    svg = drawn()
    assert svg == drawn()
    words = "".join(ET.fromstring(svg).itertext()).replace("\xa0", " ")  # noqa: S314  our own
    assert "places the card" in words
    assert "カードを置く" in words
    assert "before the curtain" not in words


def test_the_picture_needs_nothing_from_elsewhere_and_says_what_it_shows() -> None:
    for svg in (drawn(), RECORDING.read_text(encoding="utf-8")):
        assert svg.count("http") == svg.count("http://www.w3.org/") == 1
        title = ET.fromstring(svg).find("{http://www.w3.org/2000/svg}title")  # noqa: S314  our own
        assert title is not None
        assert title.text
        assert max(len(line) for line in svg.splitlines()) < 4000


def test_a_picture_of_what_is_not_printed_is_refused(tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "device.app.cli", "demo", "--json", "--picture", str(tmp_path / "demo.svg")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == EXIT_CANNOT_RUN
    assert "--picture" in asked.stdout, "for machines, as everything with --json"
