"""What a set-up can find out by itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from device.drivers.mdns import FoundBroker
from device.panel.pad import Pad
from device.ports.panel import Keypad


@dataclass(frozen=True, slots=True)
class KeypadAtHand:
    """A keypad on the header, open, and its wiring."""

    keypad: Keypad
    pad: Pad
    wiring: tuple[str, ...]
    """What is wrong with its lines."""


class Surroundings(Protocol):
    """The machine and its network. Nothing here raises: what is not there is not in the answer."""

    def brokers(self) -> Sequence[FoundBroker]:
        """Brokers that make themselves known."""

    def readers(self, *, simulated: bool) -> Sequence[str]:
        """PC/SC names of card readers; of virtual ones only for a simulated unit."""

    def cameras(self) -> Sequence[str]:
        """Addresses of cameras, in the words of `[camera] source`."""

    def loudspeaker(self) -> str:
        """ALSA's name of it; empty where there is none."""

    def keypad(self) -> AbstractContextManager[KeypadAtHand | None]:
        """The keypad on the header, while the context lasts; None where there is no header."""
