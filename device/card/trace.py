"""What goes to a card and comes back, in lines that a technician may mail: only what names no one is shown.

Of commands the header and, of SELECT, what is selected; of answers the status word. Every other body and every byte of
data is told by its length alone: a VERIFY carries a PIN, and what a card hands out is its holder's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from device.domain.errors import CardError
from device.ports.card import CardConnection
from device.ports.clock import Clock

_HEADER: Final = 4
_SELECT: Final = 0xA4


class TracedConnection(CardConnection):
    """It tells each exchange to `say`, a line each."""

    def __init__(self, connection: CardConnection, clock: Clock, say: Callable[[str], None]) -> None:
        self._connection = connection
        self._clock = clock
        self._say = say

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Pass the command on and tell what is not secret of it and of its answer."""
        asked = shown(apdu)
        began_s = self._clock.monotonic_s()
        try:
            data, sw = self._connection.transmit(apdu)
        except CardError as error:
            self._say(f"{asked}  ->  no answer: {type(error).__name__}")
            raise
        took_ms = 1000 * (self._clock.monotonic_s() - began_s)
        self._say(f"{asked}  ->  {_length(len(data))}{sw:04X}  ({took_ms:.0f} ms)")
        return data, sw

    def power_off(self) -> None:
        """Pass it on and tell it."""
        self._say("power off")
        self._connection.power_off()


def shown(apdu: bytes | bytearray) -> str:
    """Return a command APDU without what may be secret in it."""
    header, rest = bytes(apdu[:_HEADER]), apdu[_HEADER:]
    said = header.hex(" ").upper()
    if len(rest) <= 1:  # nothing, or how much is expected
        return said + (f" Le {rest[0]:02X}" if rest else "")
    if header[1] == _SELECT:
        return f"{said} {bytes(rest[1 : 1 + rest[0]]).hex().upper()}"
    return f"{said} [{rest[0]} bytes]"


def _length(size: int) -> str:
    return f"[{size} bytes] " if size else ""
