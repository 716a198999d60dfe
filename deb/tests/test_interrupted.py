"""The power goes while the package is replaced: in the midst of dpkg and all that it started, or between two runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deb.fresh_system import ENVIRONMENT, System
from deb.target import Architecture, Release, Target

Packages = Callable[[Target, int], Path]
CONFIG = "/etc/uketsuke/unit.toml"
SITE = "usr/lib/uketsuke/lib/python3.11/site-packages"
PATIENCE_S = 300.0

pytestmark = pytest.mark.parametrize("target", [Target(Release.BOOKWORM, Architecture.AMD64)], ids=["bookworm-amd64"])


def unpacking_begins(root: Path) -> bool:
    return any((root / SITE).glob("*/*.dpkg-new"))


def unpacking_is_done(root: Path) -> bool:
    notes = (root / "var/lib/dpkg/updates").glob("[0-9]*")
    return any("Status: install ok unpacked" in note.read_text() for note in notes)


def python_compiles(root: Path) -> bool:
    return unpacking_is_done(root) and any((root / SITE / "device").rglob("__pycache__/*.pyc"))


def kill_dpkg_when(system: System, package: str, reached: Callable[[Path], bool]) -> None:
    """Install, and kill everything that belongs to it at once, without a word, when the point is reached."""
    words = ["chroot", str(system.root), "env", "-i", *ENVIRONMENT, "dpkg", "--install", package]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as child:
        end_s = time.monotonic() + PATIENCE_S
        while not reached(system.root):
            assert child.poll() is None, "dpkg was done before the point was reached"
            assert time.monotonic() < end_s
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def while_it_unpacks(system: System, package: str) -> None:
    kill_dpkg_when(system, package, unpacking_begins)


def between_unpacking_and_configuring(system: System, package: str) -> None:
    """apt has dpkg do the one and the other in two runs, so there is a moment between them that needs no luck."""
    system.run("dpkg", "--unpack", package)


def while_python_compiles(system: System, package: str) -> None:
    kill_dpkg_when(system, package, python_compiles)


def told_by_doctor(system: System) -> str:
    """Return what the unit's doctor says of packages; half a program may be all that there is to ask."""
    done = system.run("/usr/lib/uketsuke/bin/uketsuke", "doctor", "--config", CONFIG, "--json", check=False)
    assert done.code == 2, done.said
    assert "Traceback" not in done.said
    findings = done.document["findings"]
    return " ".join(one["detail"] for one in findings if one["code"] == "package_half")


@pytest.fixture
def newer(target: Target, packages: Packages) -> Path:
    return packages(target, 2)


@pytest.mark.parametrize(
    ("power_goes", "state", "mended_by"),
    [
        (while_it_unpacks, "uketsuke: half-installed", "install"),
        (between_unpacking_and_configuring, "uketsuke: unpacked", "configure"),
        (while_python_compiles, "uketsuke: half-configured", "configure"),
    ],
)
def test_an_interrupted_upgrade_is_told_and_the_next_run_of_dpkg_mends_it(
    installed: System, newer: Path, power_goes: Callable[[System, str], None], state: str, mended_by: str
) -> None:
    installed.run("cp", "/etc/uketsuke/unit.example.toml", CONFIG)
    power_goes(installed, installed.bring(newer))
    assert told_by_doctor(installed) == state
    installed.run("dpkg", "--configure", "-a")
    if mended_by == "install":
        # Half the files are there: only the package itself has the others.
        assert "must be reinstalled" in " ".join(installed.run("dpkg", "--audit", check=False).said.split())
        installed.install(newer)
    assert installed.run("dpkg", "--audit").said == ""
    assert installed.run("dpkg", "--verify", "uketsuke").said == ""
    assert told_by_doctor(installed) == ""
    assert not list((installed.root / SITE).rglob("*.dpkg-new"))
