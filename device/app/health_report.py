"""How a unit is, in the words of its fleet: what `Health` carries, gathered from the unit and its machine."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from cryptography import x509

from device.drivers.board import board_number
from device.wire.board import board_digest
from device.wire.fleet import Health

if TYPE_CHECKING:
    from device.app.unit import Unit

MEGABYTE, KILOBYTES = 1 << 20, 1 << 10


def health_of(unit: Unit, *, certificate: x509.Certificate, twin_version: int) -> Health:
    """Look how the unit is. What the machine does not tell is None."""
    snapshot = unit.snapshot()
    memory_kb = _number(unit, "/proc/meminfo", r"^MemAvailable:\s+(\d+) kB")
    millidegrees = _number(unit, "/sys/class/thermal/thermal_zone0/temp", r"^(-?\d+)$")
    return Health(
        birth_id=unit.birth_id,
        hardware=board_digest(board_number()),
        version=version("uketsuke"),
        uptime_s=int(snapshot.uptime_s),
        troubles=list(unit.health.troubles),
        twin_version=twin_version,
        certificate_until=certificate.not_valid_after_utc,
        waiting_results=snapshot.waiting_results,
        disk_free_mb=_disk_free_mb(unit),
        memory_free_mb=None if memory_kb is None else memory_kb // KILOBYTES,
        temperature_c=None if millidegrees is None else millidegrees / 1_000,
        certificate=f"{certificate.serial_number:x}",
        checkup=snapshot.checkup,
        parts=snapshot.versions,
    )


def _disk_free_mb(unit: Unit) -> int | None:
    if unit.parts.machine is None:
        return None
    try:
        return unit.parts.machine.volume(unit.parts.state).free_bytes // MEGABYTE
    except OSError:
        return None


def _number(unit: Unit, path: str, pattern: str) -> int | None:
    """Return a number that stands in one of the system's files."""
    told = None if unit.parts.machine is None else unit.parts.machine.read(path)
    found = re.search(pattern, told or "", re.MULTILINE)
    return None if found is None else int(found[1])
