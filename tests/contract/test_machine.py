"""What every machine tells of itself: one in memory, and Linux below a folder and as it runs here."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.drivers.machine import LinuxMachine
from device.ports.machine import Machine
from device.sim.machine import SimulatedMachine

FILES = {"/proc/one": "first\nsecond", "/proc/empty": "", "/sys/board/name": "a board", "/sys/board/model": "x"}


@pytest.fixture(params=["memory", "folder"])
def furnished(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A machine with these files."""
    if request.param == "memory":
        return SimulatedMachine(dict(FILES))
    for path, text in FILES.items():
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")
    return LinuxMachine(tmp_path)


@pytest.fixture
def memory_machine() -> Machine:
    return SimulatedMachine()


@pytest.fixture
def linux_machine() -> Machine:
    return LinuxMachine()


@pytest.fixture(params=["memory", "linux"])
def machine(request: pytest.FixtureRequest) -> Machine:
    """A machine as it is."""
    chosen: Machine = request.getfixturevalue(f"{request.param}_machine")
    return chosen


def test_a_file_is_its_text_without_blanks_around_it(furnished: Machine) -> None:
    assert furnished.read("/proc/one") == "first\nsecond"
    assert furnished.read("/proc/empty") == ""


def test_a_folder_is_its_names_in_order(furnished: Machine) -> None:
    assert furnished.names("/sys/board") == ["model", "name"]
    assert furnished.names("/sys") == ["board"]


def test_what_is_not_there_is_none_and_a_folder_that_is_not_there_has_nothing(machine: Machine) -> None:
    assert machine.read("/proc/nobody/has/this") is None
    assert machine.names("/proc/nobody/has/this") == []
    assert machine.names("/proc/meminfo") == [], "a file is no folder"


def test_the_kernel_says_how_much_memory_there_is(machine: Machine) -> None:
    told = machine.read("/proc/meminfo")
    assert told is not None
    assert told.startswith("MemTotal:")
    assert told == told.strip()


def test_a_volume_has_a_size_and_no_more_room_than_that(machine: Machine, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "not" / "there" / "yet"):
        volume = machine.volume(path)
        assert 0 <= volume.free_bytes <= volume.total_bytes
        assert volume.total_bytes > 0
        assert not volume.read_only


def test_looking_changes_nothing(furnished: Machine, tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.rglob("*"))
    furnished.read("/proc/other")
    furnished.names("/other")
    furnished.volume(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_bytes_that_are_no_text_and_a_folder_read_as_a_file_are_no_crash(tmp_path: Path) -> None:
    (tmp_path / "serial").write_bytes(b"10000000abcd\xff\0")
    machine = LinuxMachine(tmp_path)
    assert (machine.read("/serial") or "").startswith("10000000abcd")
    assert machine.read("/") is None
