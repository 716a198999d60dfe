"""Runs the set-up on this terminal with simulated parts: `set_up.py FOLDER READERS CAMERAS BROKERS KEYS`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from device.app.setup import Setup
from device.app.setup.surroundings import KeypadAtHand
from device.app.setup_cli import typed
from device.drivers.mdns import FoundBroker
from device.panel.pad import PAD_4X3
from device.sim.clock import SimulatedClock
from device.sim.panel import SimulatedKeypad


class Simulated:
    """What the command line says is there."""

    def __init__(self, clock: SimulatedClock, readers: str, cameras: str, brokers: str, keys: str) -> None:
        self._clock = clock
        # Empty at the first look, as while somebody is still plugging it in.
        self._readers = [[], readers.split(",")] if readers else [[]]
        self._cameras = cameras.split(",") if cameras else []
        self._brokers = [FoundBroker(one, 8883) for one in brokers.split(",") if one]
        self._keys = keys

    def brokers(self) -> Sequence[FoundBroker]:
        return self._brokers

    def readers(self, *, simulated: bool) -> Sequence[str]:  # noqa: ARG002  told by the command line
        return self._readers.pop(0) if self._readers else []

    def cameras(self) -> Sequence[str]:
        return self._cameras

    def loudspeaker(self) -> str:
        return "default"

    @contextmanager
    def keypad(self) -> Iterator[KeypadAtHand | None]:
        if not self._keys:
            yield None
            return
        keypad = SimulatedKeypad(self._clock)
        keypad.type_keys(self._keys)
        yield KeypadAtHand(keypad, PAD_4X3, ())


def say(line: str) -> None:
    """Show a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


clock = SimulatedClock()
folder, *there = sys.argv[1:]
say(str(Setup(Path(folder), Simulated(clock, *there), clock, ask=typed, say=say, wait=clock.advance).run()))
