"""The check of the unit files can fail: each relaxation or slip below is found by it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
FILES = HOUSE / "systemd"
SERVICE = Path("system") / "uketsuke.service"

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FILES, tmp_path / "systemd"))


def checked(files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([files / "check"], capture_output=True, text=True, check=False)


def test_the_files_that_are_shipped_are_good() -> None:
    done = checked(FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level for uketsuke.service" in done.stdout


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("ProtectSystem=strict", "ProtectSystm=strict", "ProtectSystm"),
        ("Type=notify", "Type=notfy", "notfy"),
        ("ExecStart=/usr/lib/uketsuke/bin/uketsuke", "ExecStart=/usr/lib/uketsuke/bin/nothing", "nothing"),
        ("SystemCallFilter=@system-service\n", "SystemCallFilter=@known\n", "SystemCallFilter"),
        ("CapabilityBoundingSet=\n", "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_NET_ADMIN\n", "CAP_SYS_ADMIN"),
    ],
)
def test_a_slip_or_a_relaxation_is_found(copy: Path, line: str, instead: str, said: str) -> None:
    text = (copy / SERVICE).read_text()
    assert line in text
    (copy / SERVICE).write_text(text.replace(line, instead))
    done = checked(copy)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_every_line_that_lets_the_unit_do_something_has_its_reason_above_it() -> None:
    lines = (FILES / SERVICE).read_text().splitlines()
    reason = ""
    for line in lines:
        if line.startswith(("DeviceAllow=", "RestrictAddressFamilies=", "IPAddressAllow=")):
            assert reason, line
        elif not line.startswith(("DevicePolicy=", "IPAddressDeny=")):
            reason = line if line.startswith("#") else ""
