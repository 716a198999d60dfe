"""Secrets that keep quiet: they cannot be printed, compared, pickled, copied or serialised, and can be wiped."""

from __future__ import annotations

from typing import NoReturn

PIN_LENGTH = 4
REFERENCE_NUMBER_B_LENGTH = 14
PASSCODE_LENGTHS = range(6, 13)
"""Longer than any PIN, so that the two are never taken for each other."""


class _Secret:
    """Digits in a buffer of their own, so that `wipe()` leaves nothing behind.

    Python's `str` and `bytes` cannot be overwritten; a bytearray can. `reveal()` is the only way in, and a
    search for it shows every place that touches a secret.
    """

    __slots__ = ("_digits",)
    _lengths: range

    def __init__(self, digits: bytes | bytearray) -> None:
        if len(digits) not in self._lengths or not all(0x30 <= digit <= 0x39 for digit in digits):  # noqa: PLR2004  ASCII 0-9
            low, high = self._lengths[0], self._lengths[-1]
            raise ValueError(f"{type(self).__name__} is {low if low == high else f'{low} to {high}'} ASCII digits")
        self._digits = bytearray(digits)

    def reveal(self) -> bytearray:
        """Return the buffer itself (ASCII digits), not a copy. Raise ValueError after `wipe()`."""
        if not self._digits:
            raise ValueError(f"this {type(self).__name__} was wiped")
        return self._digits

    def wipe(self) -> None:
        """Overwrite the digits; harmless when repeated."""
        for index in range(len(self._digits)):
            self._digits[index] = 0
        self._digits = bytearray()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be compared")

    def __hash__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be hashed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be copied or serialised")


class Pin(_Secret):
    """The 4-digit PIN of the 利用者証明用電子証明書 (`auth_pin`)."""

    __slots__ = ()
    _lengths = range(PIN_LENGTH, PIN_LENGTH + 1)


class ReferenceNumberB(_Secret):
    """照合番号B: birth YYMMDD in the era's year, card expiry YYYY, security code; the key to the portrait."""

    __slots__ = ()
    _lengths = range(REFERENCE_NUMBER_B_LENGTH, REFERENCE_NUMBER_B_LENGTH + 1)


class Passcode(_Secret):
    """An attendant's passcode, which opens the attendant's check of one visit."""

    __slots__ = ()
    _lengths = PASSCODE_LENGTHS
