"""What a unit told of itself, read leniently: it may be older or newer than this program."""

from __future__ import annotations

from datetime import datetime

import msgspec

from device.wire.findings import Checkup
from provisioning.fleet.store.units import Unit


class ToldHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The last health message, as far as people look at it."""

    uptime_s: int = 0
    troubles: list[str] = []
    certificate_until: datetime | None = None
    waiting_results: int | None = None
    disk_free_mb: int | None = None
    memory_free_mb: int | None = None
    temperature_c: float | None = None
    checkup: Checkup | None = None
    parts: dict[str, str] = {}


def told_health(unit: Unit) -> ToldHealth | None:
    """Return what a unit told last; None: nothing yet."""
    return None if unit.health is None else msgspec.json.decode(unit.health, type=ToldHealth)
