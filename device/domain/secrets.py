"""Secrets that keep quiet: they cannot be printed, compared, pickled, copied or serialised, and can be wiped."""

from __future__ import annotations

from typing import NoReturn

PIN_LENGTH = 4
REFERENCE_NUMBER_B_LENGTH = 14


class _Secret:
    """Digits in a buffer of their own, so that `wipe()` leaves nothing behind.

    Python's `str` and `bytes` cannot be overwritten; a bytearray can. `reveal()` is the only way in, and a
    search for it shows every place that touches a secret.
    """

    __slots__ = ("_digits",)
    _length: int

    def __init__(self, digits: bytes | bytearray) -> None:
        if len(digits) != self._length or not all(0x30 <= digit <= 0x39 for digit in digits):  # noqa: PLR2004  ASCII 0-9
            raise ValueError(f"{type(self).__name__} is {self._length} ASCII digits")
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
    _length = PIN_LENGTH


class ReferenceNumberB(_Secret):
    """照合番号B: birth YYMMDD in the era's year, card expiry YYYY, security code; the key to the portrait."""

    __slots__ = ()
    _length = REFERENCE_NUMBER_B_LENGTH
