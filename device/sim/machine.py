"""A machine in memory: a well one, to which anything can happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from device.ports.machine import Volume

GIGABYTE = 1 << 30

WELL = {
    "/proc/sys/kernel/arch": "aarch64",
    "/proc/meminfo": "MemTotal:        3884360 kB\nMemFree:         2000000 kB\nMemAvailable:    3100000 kB",
    "/proc/swaps": "Filename\tType\tSize\tUsed\tPriority",
    "/proc/4711/status": "Name:\tuketsuke\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2",
    "/proc/4711/limits": "Max core file size        0                    0                    bytes",
    "/sys/class/thermal/thermal_zone0/temp": "48312",
    "/sys/devices/platform/soc/soc:firmware/get_throttled": "0",
    "/sys/block/mmcblk0/device/life_time": "0x01 0x02",
    "/sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor",
    "/etc/systemd/journald.conf.d/uketsuke.conf": "[Journal]\nSystemMaxUse=64M",
    "/run/systemd/timesync/synchronized": "",
    "/var/lib/dpkg/status": "Package: uketsuke\nStatus: install ok installed",
}
"""What a Raspberry Pi 4 that is well says of itself, as far as anybody asks. 4711 is the unit's process."""


@dataclass(slots=True)
class SimulatedMachine:
    """A `Machine` whose files are in `files`, by their paths."""

    files: dict[str, str] = field(default_factory=lambda: dict(WELL))
    disk: Volume = field(default_factory=lambda: Volume(28 * GIGABYTE, 20 * GIGABYTE, read_only=False))

    def read(self, path: str) -> str | None:
        """Return what stands there."""
        return self.files.get(path)

    def names(self, path: str) -> list[str]:
        """Return what begins with the path."""
        below = path.rstrip("/") + "/"
        return sorted({name.removeprefix(below).partition("/")[0] for name in self.files if name.startswith(below)})

    def volume(self, path: Path) -> Volume:  # noqa: ARG002  it has one disk
        """Return the one disk."""
        return self.disk
