"""Software really changes: two real packages side by side, run through `current`."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.app.updating import Updating
from device.domain.errors import BadConfig, UpdateRefused
from device.domain.updates import Kind, Refusal
from device.drivers.update_trial import CommandTrial
from provisioning.updates import packing

if TYPE_CHECKING:
    from tests.update.conftest import Publisher, UpdatedUnit

SOFTWARE = Kind.SOFTWARE
WELL = "sys.exit(0)"


def wheel(folder: Path, version: str, *, doctor: str = WELL, says: str | None = None) -> Path:
    """Build a small package of our name: it says its version, as an installed one does, and how it is."""
    code = f"""\
import sys
from importlib.metadata import version

def main():
    if sys.argv[1] == "--version":
        print("uketsuke " + {says or 'version("uketsuke")'})
    elif sys.argv[1] == "doctor":
        {doctor}
"""
    path = folder / f"uketsuke-{version}-py3-none-any.whl"
    about = f"uketsuke-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("device/__init__.py", "")
        archive.writestr("device/app/__init__.py", "")
        archive.writestr("device/app/entry.py", code)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: uketsuke\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def updating(unit: UpdatedUnit) -> Updating:
    healthy = [str(unit.updates / "software/current/bin/uketsuke"), "doctor"]
    trial = CommandTrial(healthy=healthy, within_s=20.0, soak_s=0.0)
    return Updating(shelf=unit.shelf, trial=trial, clock=unit.clock, platform="any", image={SOFTWARE: "0.1.0"})


def offer(publisher: Publisher, version: str, **words: str) -> None:
    called, content = packing.software([wheel(publisher.folder, version, **words)])
    assert called == version
    publisher.offer(SOFTWARE, version, content)


def running(unit: UpdatedUnit) -> str:
    program = unit.updates / "software/current/bin/uketsuke"
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def test_a_new_version_runs_from_current_and_going_back_runs_the_one_before(
    publisher: Publisher, unit: UpdatedUnit, updating: Updating
) -> None:
    for version in ("0.2.0", "0.3.0"):
        offer(publisher, version)
        assert updating.apply(SOFTWARE, unit.source(publisher.public)).changed
        assert running(unit) == f"uketsuke {version}"

    updating.rollback(SOFTWARE)
    assert running(unit) == "uketsuke 0.2.0"


def test_a_version_that_does_not_start_is_never_current(
    publisher: Publisher, unit: UpdatedUnit, updating: Updating
) -> None:
    offer(publisher, "0.2.0")
    updating.apply(SOFTWARE, unit.source(publisher.public))
    offer(publisher, "0.3.0", says="1 / 0")

    with pytest.raises(UpdateRefused, match="ZeroDivisionError") as refused:
        updating.apply(SOFTWARE, unit.source(publisher.public))
    assert refused.value.refusal is Refusal.NOT_WELL
    assert running(unit) == "uketsuke 0.2.0"


def test_a_version_that_is_another_than_it_says_is_never_current(
    publisher: Publisher, unit: UpdatedUnit, updating: Updating
) -> None:
    offer(publisher, "0.2.0", says="'9.9'")
    with pytest.raises(UpdateRefused, match=r"calls itself 'uketsuke 9\.9'"):
        updating.apply(SOFTWARE, unit.source(publisher.public))
    assert not (unit.updates / "software/current").exists()


def test_a_version_that_is_ill_once_it_runs_is_switched_back_from(
    publisher: Publisher, unit: UpdatedUnit, updating: Updating
) -> None:
    offer(publisher, "0.2.0")
    updating.apply(SOFTWARE, unit.source(publisher.public))
    offer(publisher, "0.3.0", doctor="sys.exit('the camera is not there')")

    with pytest.raises(UpdateRefused, match="the camera is not there"):
        updating.apply(SOFTWARE, unit.source(publisher.public))
    assert running(unit) == "uketsuke 0.2.0"
    last = updating.look().of(SOFTWARE).last
    assert last is not None
    assert "the camera is not there" in last.detail


def test_a_version_that_hangs_is_ended_within_its_time_with_all_that_it_started(tmp_path: Path) -> None:
    program = tmp_path / "bin/uketsuke"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nsleep 600 &\nwait\n", encoding="utf-8")
    program.chmod(0o755)

    complaint = CommandTrial(within_s=0.2).complaint(SOFTWARE, "0.2.0", tmp_path)
    assert complaint == "uketsuke did not end within 0 s"


def test_what_cannot_be_run_at_all_is_told(tmp_path: Path) -> None:
    assert "No such file" in str(CommandTrial().complaint(SOFTWARE, "0.2.0", tmp_path))


def test_bundles_of_the_same_wheels_are_the_same_to_the_last_byte(tmp_path: Path) -> None:
    _, content = packing.software([wheel(tmp_path, "0.2.0")])
    packing.write_bundle(tmp_path / "one.zip", content)
    packing.write_bundle(tmp_path / "two.zip", dict(reversed(content.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_what_is_no_set_of_wheels_is_told_apart(tmp_path: Path) -> None:
    ours = wheel(tmp_path, "0.2.0")
    other = tmp_path / "other-1.0-py3-none-any.whl"
    other.write_bytes(b"PK")
    with pytest.raises(BadConfig, match="is no wheel"):
        packing.software([ours, other])
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("other-1.0.data/purelib/other.py", "x = 1")
        archive.writestr("other-1.0.data/scripts/other", "#!python")
    with pytest.raises(BadConfig, match="uketsuke's own"):
        packing.software([other])
    _, content = packing.software([ours, other])
    assert content["site/other.py"].data == b"x = 1"
    assert not any("scripts" in name for name in content)
