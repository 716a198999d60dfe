"""Pressed keys to a PIN. Nobody sees the digits on the way: events carry the count, the buffer is wiped."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.domain.secrets import PIN_LENGTH, Pin

CLEAR = "*"
ENTER = "#"


@dataclass(frozen=True, slots=True)
class CountChanged:
    """So many digits are in now; 0 after clearing."""

    count: int


@dataclass(frozen=True, slots=True)
class TooShort:
    """Enter was pressed before the last digit; what was typed stays."""

    count: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """A further digit was refused; what was typed stays as it was, nothing is shifted."""


@dataclass(frozen=True, slots=True)
class CancelPressed:
    """The clear key with nothing to clear: the visitor wants to leave the entry."""


@dataclass(frozen=True, slots=True, eq=False)
class PinComplete:
    """The PIN, now the receiver's to wipe; the entry holds nothing any more."""

    pin: Pin = field(repr=False)


EntryEvent = CountChanged | TooShort | TooLong | CancelPressed | PinComplete


class PinEntry:
    """The digits of one PIN while they are typed. Close it on every way out; one thread at a time."""

    def __init__(self) -> None:
        # Full size from the start: a buffer that grows leaves copies behind.
        self._digits = bytearray(PIN_LENGTH)
        self._count = 0
        self._closed = False

    def press(self, key: str) -> EntryEvent | None:
        """Take one key ("0".."9", "*", "#") and return what came of it; None once the entry is closed.

        Raise ValueError for a key that the pad does not have.
        """
        if self._closed:
            return None
        if key == CLEAR:
            return self._clear()
        if key == ENTER:
            return self._enter()
        if len(key) == 1 and "0" <= key <= "9":
            return self._add(key)
        raise ValueError("the pad has no such key")

    def close(self) -> None:
        """Wipe what was typed and take nothing more; harmless when repeated."""
        self._wipe()
        self._closed = True

    def _add(self, digit: str) -> EntryEvent:
        if self._count == PIN_LENGTH:
            return TooLong()
        self._digits[self._count] = ord(digit)
        self._count += 1
        return CountChanged(self._count)

    def _clear(self) -> EntryEvent:
        if self._count == 0:
            return CancelPressed()
        self._wipe()
        return CountChanged(0)

    def _enter(self) -> EntryEvent:
        if self._count < PIN_LENGTH:
            return TooShort(self._count)
        pin = Pin(self._digits)
        self._wipe()
        return PinComplete(pin)

    def _wipe(self) -> None:
        for index in range(PIN_LENGTH):
            self._digits[index] = 0
        self._count = 0

    def __repr__(self) -> str:
        return f"PinEntry({self._count} of {PIN_LENGTH})"
