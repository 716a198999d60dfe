"""The commands' own files, as a power cut in the middle of an upgrade may leave what lies behind them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deb.layout import launcher


def typed(folder: Path, entry: str) -> subprocess.CompletedProcess[str]:
    """Start the command where this is what it finds as its program."""
    for package in (folder / "device", folder / "device/app"):
        package.mkdir()
        (package / "__init__.py").touch()
    (folder / "device/app/entry.py").write_text(entry)
    command = folder / "uketsuke"
    command.write_text(launcher("uketsuke"), encoding="utf-8")
    words = [sys.executable, "-s", str(command), "run"]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize(
    "half",
    [
        "from device.app import removed_long_ago",
        "import device.app.moved_elsewhere",
        "def main(:",
        "import device; device.not_yet_there",
    ],
)
def test_half_an_upgrade_is_told_in_both_languages_and_not_started_again(half: str, tmp_path: Path) -> None:
    done = typed(tmp_path, half)
    assert done.returncode == 78, "systemd leaves it alone: RestartPreventExitStatus in uketsuke.service"
    assert "dpkg --configure -a" in done.stderr
    assert "更新が途中で止まっています" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_what_is_whole_runs_and_ends_as_it_wants(tmp_path: Path) -> None:
    done = typed(tmp_path, "def main(): print('runs'); raise SystemExit(2)")
    assert (done.returncode, done.stdout, done.stderr) == (2, "runs\n", "")
