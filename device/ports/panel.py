"""What hands and ears meet: keypad, lamps with buzzer, voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from device.domain.errors import Fault


@dataclass(frozen=True, slots=True)
class KeypadSample:
    """Which keys of the matrix conduct at one moment."""

    at_s: float
    """Monotonic seconds."""
    closed: frozenset[str]
    """Names of the keys whose crossing reads as closed: "0".."9", "*", "#" and, on a 4x4 pad, "A".."D"."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a small display shows at one moment."""

    headline: str
    lines: tuple[str, ...] = ()


class Keypad(Protocol):
    """The key matrix, one scan at a time, by one thread."""

    def scan(self) -> KeypadSample:
        """Scan all rows once. Never raises: a broken line shows as a key that never closes."""

    def rest(self, wake: Callable[[], None]) -> float:
        """Nobody presses: no scan is needed until a line changes; `wake` is then called, from any thread.

        Return after how many seconds to scan again all the same: soon, where changes of a line cannot be noticed.
        The next scan that finds a key down ends the rest. Never raises.
        """

    @property
    def trouble(self) -> Fault | None:
        """What keeps the keypad from being scanned, if anything does."""


class Indicators(Protocol):
    """Lamps and buzzer."""

    def show(self, levels: Mapping[str, bool]) -> None:
        """Set lamps and buzzer by name ("ready", "card", "face", "keys", "staff", "buzzer"); absent means off.

        Never raises.
        """

    @property
    def trouble(self) -> Fault | None:
        """What keeps lamps and buzzer from being set, if anything does."""


class Display(Protocol):
    """A small display that says in text what lamps and voice say."""

    def show(self, screen: Screen) -> None:
        """Show this in place of what is shown. Never raises."""

    @property
    def trouble(self) -> Fault | None:
        """What keeps the display from showing anything, if anything does."""


class Voice(Protocol):
    """The loudspeaker."""

    def say(self, sentences: tuple[str, ...], *, language: str) -> float:
        """Start speaking at once, in place of what is being said; return how many seconds it will take.

        Returns without waiting, and 0 where nobody has to wait for the end. Never raises.
        """

    def stop(self) -> None:
        """Fall silent."""

    @property
    def trouble(self) -> Fault | None:
        """What keeps the voice from being heard, if anything does."""
