"""What hands and ears meet: keypad, lamps with buzzer, voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class KeypadSample:
    """Which keys of the matrix conduct at one moment."""

    at_s: float
    """Monotonic seconds."""
    closed: frozenset[str]
    """Names of the keys whose crossing reads as closed: "0".."9", "*", "#"."""


class Keypad(Protocol):
    """The key matrix, one scan at a time."""

    def scan(self) -> KeypadSample:
        """Scan all rows once. Never raises: a broken line shows as a key that never closes."""


class Indicators(Protocol):
    """Lamps and buzzer."""

    def show(self, levels: Mapping[str, bool]) -> None:
        """Set lamps and buzzer by name ("ready", "card", "face", "keys", "staff", "buzzer"); absent means off."""


class Voice(Protocol):
    """The loudspeaker."""

    def say(self, text: str, *, language: str) -> None:
        """Start speaking at once, in place of what is being said. Returns without waiting. Never raises."""

    def stop(self) -> None:
        """Fall silent."""
