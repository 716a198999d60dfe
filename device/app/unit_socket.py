"""Where a unit tells how it is: the same rule for the unit and for whoever asks it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from device.app.config import Config
from device.app.snapshot import Snapshot, decode
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.status_socket import ask

RUNTIME = Path("/run/uketsuke")
"""Made by systemd for the service."""
NAME = "unit.sock"


def socket_path(config: Config) -> Path:
    """Return the socket of the unit with this configuration: as configured, in /run/uketsuke, or beside its state."""
    if config.upkeep.socket:
        return Path(config.upkeep.socket)
    return (RUNTIME if RUNTIME.is_dir() else config.unit.state) / NAME


def ask_unit(path: Path) -> Snapshot:
    """Return how the unit that listens there is. Raise Fault where none does, or what it says is not understood."""
    try:
        return decode(ask(path))
    except msgspec.DecodeError as error:
        raise Fault(
            f"what answers at {path} is not this version's unit: {error}", part="unit", reason=Reason.INTERNAL_FAULT
        ) from error
