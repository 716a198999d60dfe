"""Pressed keys to a PIN or a passcode. Nobody sees the digits: events carry their count, the buffer is wiped."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.domain.secrets import PASSCODE_LENGTHS, PIN_LENGTH, Passcode, Pin

CLEAR = "*"
ENTER = "#"

_LONGEST = PASSCODE_LENGTHS[-1]


@dataclass(frozen=True, slots=True)
class CountChanged:
    """So many digits are in now; 0 after clearing."""

    count: int


@dataclass(frozen=True, slots=True)
class TooShort:
    """Enter was pressed before a PIN's last digit; what was typed stays."""

    count: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """More digits than a PIN has: all are wiped, for a slip must not cost a try."""


@dataclass(frozen=True, slots=True)
class EnterPressed:
    """Enter where no PIN is asked for and no passcode was typed: a yes."""


@dataclass(frozen=True, slots=True)
class CancelPressed:
    """The clear key with nothing of a PIN to clear: a no."""


@dataclass(frozen=True, slots=True, eq=False)
class PinComplete:
    """The PIN, now the receiver's to wipe; the entry holds nothing any more."""

    pin: Pin = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class PasscodeComplete:
    """An attendant's passcode, told from a PIN by its length; the receiver's to wipe."""

    passcode: Passcode = field(repr=False)


EntryEvent = CountChanged | TooShort | TooLong | EnterPressed | CancelPressed | PinComplete | PasscodeComplete


class DigitEntry:
    """The digits typed since the last key that ended an entry. Close it on every way out; one thread at a time."""

    def __init__(self, *, for_pin: bool) -> None:
        """Where no PIN is asked for, digits only ever make a passcode."""
        # Full size from the start: a buffer that grows leaves copies behind.
        self._digits = bytearray(_LONGEST + 1)
        self._count = 0
        self._for_pin = for_pin
        self._closed = False

    @property
    def for_pin(self) -> bool:
        """A PIN is asked for."""
        return self._for_pin

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

    def wipe(self) -> None:
        """Forget what was typed."""
        for index in range(len(self._digits)):
            self._digits[index] = 0
        self._count = 0

    def close(self) -> None:
        """Wipe what was typed and take nothing more; harmless when repeated."""
        self.wipe()
        self._closed = True

    def _add(self, digit: str) -> EntryEvent:
        if self._count <= _LONGEST:  # one more than the longest is kept, as the mark of too many
            self._digits[self._count] = ord(digit)
            self._count += 1
        return CountChanged(self._count)

    def _clear(self) -> EntryEvent:
        had_any = self._count > 0
        self.wipe()
        return CountChanged(0) if had_any and self._for_pin else CancelPressed()

    def _enter(self) -> EntryEvent:
        if self._for_pin and self._count < PIN_LENGTH:
            return TooShort(self._count)
        typed = self._digits[: self._count]
        self.wipe()
        try:
            if self._for_pin and len(typed) == PIN_LENGTH:
                return PinComplete(Pin(typed))
            if len(typed) in PASSCODE_LENGTHS:
                return PasscodeComplete(Passcode(typed))
            return TooLong() if self._for_pin else EnterPressed()
        finally:
            typed[:] = bytes(len(typed))

    def __repr__(self) -> str:
        return f"DigitEntry({self._count} digits)"
