"""What is wrong with the machine below the unit is called by its name, and nothing else is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from device.app.doctor import Program
from device.domain.finding import FindingCode as Code

if TYPE_CHECKING:
    from tests.doctor.conftest import Patient

pytestmark = pytest.mark.broker
Change = Callable[["Patient"], object]
THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"


def says(path: str, text: str) -> Change:
    return lambda patient: patient.say(path, text)


def program(**changes: object) -> Change:
    well: dict[str, object] = {"python": (3, 11), "onnxruntime": "1.22.1", "bits": 64, "machine": "aarch64"}
    return lambda patient: setattr(patient, "program", Program(**(well | changes)))  # type: ignore[arg-type]


FAULTS: list[tuple[str, Change, set[Code]]] = [
    ("a worn disk", says("/sys/block/mmcblk0/device/life_time", "0x09 0x03"), {Code.DISK_WORN}),
    ("a machine in the sun", says("/sys/class/thermal/thermal_zone0/temp", "84100"), {Code.TOO_HOT}),
    ("under-voltage", says(THROTTLED, "50005"), {Code.POWER_LOW}),
    ("under-voltage earlier today", says(THROTTLED, "50000"), {Code.POWER_WAS_LOW}),
    ("the voltage alarm of a Pi 5", says("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1"), {Code.POWER_LOW}),
    (
        "a machine with many programs",
        says("/proc/meminfo", "MemTotal: 900000 kB\nMemAvailable:  60000 kB"),
        {Code.MEMORY_SHORT},
    ),
    ("a swap file", says("/proc/swaps", "Filename\tType\n/var/swap file 102396 0 -2"), {Code.SWAP_ON}),
    (
        "core dumps",
        says("/proc/4711/limits", "Max core file size        unlimited            unlimited            bytes"),
        {Code.CORE_DUMPS},
    ),
    (
        "a unit without its sandbox",
        says("/proc/4711/status", "CapEff:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0"),
        {Code.SANDBOX_OPEN},
    ),
    (
        "a journal without bound",
        says("/etc/systemd/journald.conf.d/uketsuke.conf", "[Journal]"),
        {Code.JOURNAL_UNBOUND},
    ),
    ("a package of 32 bits", program(bits=32, machine="armv7l"), {Code.WRONG_ARCHITECTURE}),
    ("a package for a PC on a Pi", program(machine="x86_64"), {Code.WRONG_ARCHITECTURE}),
    ("a Python of tomorrow", program(python=(3, 14)), {Code.PYTHON_UNSUPPORTED}),
    ("the onnxruntime that dies on a Pi 4", program(onnxruntime="1.21.0"), {Code.ONNXRUNTIME_OLD}),
    (
        "a package that was cut off",
        says("/var/lib/dpkg/status", "Package: uketsuke\nStatus: install ok half-configured"),
        {Code.PACKAGE_HALF},
    ),
]


@pytest.mark.parametrize(("fault", "codes"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_what_is_wrong_with_the_machine_is_called_by_its_name(
    patient: Patient, fault: Change, codes: set[Code]
) -> None:
    fault(patient)
    assert patient.findings() == codes
