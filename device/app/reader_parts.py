"""The reader that a configuration names, and where it keeps its results."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from device.app.config import Config
from device.ports.card import CardReader

VIRTUAL_READER = "Virtual PCD"
"""What pcscd calls vpcd's slots: whatever lies there is simulated."""


def open_reader(config: Config, stack: ExitStack, *, simulated: bool) -> CardReader:
    """Return the reader that the configuration names, whether it is there or not; `stack` closes it."""
    # Each library is loaded only where its reader is used: a unit with a HAT has no pyscard, and the other way round.
    if config.card.reader == "pn532":
        from device.drivers.pn532 import open_pn532  # noqa: PLC0415

        hat = open_pn532(config.card.bus)
        stack.callback(hat.close)
        return hat
    from device.drivers.pcsc import PcscReader  # noqa: PLC0415

    reader = PcscReader(config.card.name, refuse=None if simulated else VIRTUAL_READER)
    stack.callback(reader.close)
    return reader


def outbox_path(config: Config) -> Path:
    """Return where results wait."""
    return config.unit.state / "outbox.sqlite"
