"""Who set an option: the unit's own file, its fleet, or nobody. The file wins over the fleet, that over the default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.app.config import load
from device.app.config_words import hidden, option
from device.drivers.twin_file import TwinFile
from device.wire.settings import read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One option on one unit."""

    key: str
    value: Any
    by: str
    """Who set the value in force."""
    also: str = ""
    """Who set another one that does not count."""


def origin_of(path: Path, key: str) -> Origin:
    """Return who set an option. Raise BadConfig for a file that is no good or an option that is none."""
    told = option(key)
    section, _, name = told.key.partition(".")
    plain = load(path)
    book = TwinFile(plain.unit.state / "fleet-twin.json").read()
    version = book.active if plain.fleet.member else None
    own, fleets = read_toml(path, "the configuration").get(section, {}), {}
    if version is not None:
        fleets = version.settings.get(section, {})
    by_fleet = "" if version is None else f"the fleet, version {version.version}"
    if isinstance(own, dict) and name in own:
        overridden = name in fleets and fleets[name] != own[name]
        also = f"{by_fleet}: {hidden(told.key, fleets[name])!r}, which the file overrides" if overridden else ""
        return Origin(key=told.key, value=hidden(told.key, own[name]), by=f"the unit's own file, {path}", also=also)
    if name in fleets:
        return Origin(key=told.key, value=hidden(told.key, fleets[name]), by=by_fleet)
    return Origin(key=told.key, value=told.default, by="nobody: the default")
