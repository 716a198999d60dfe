"""What may be sent to a card on the bench: what reads, and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from device.card import status
from device.ports.card import CardConnection
from hw.errors import HeldBack

_FREE: Final = frozenset({(0x00, 0xA4), (0x00, 0xB0), (0x00, 0xC0), (0x80, 0x2A)})
"""Class and instruction of SELECT, READ BINARY, GET RESPONSE and COMPUTE DIGITAL SIGNATURE: no card counts these.

A list of what is harmless, because nobody knows all that is not: ISO 7816-4 alone has an odd-numbered twin of VERIFY,
command chaining, EXTERNAL AUTHENTICATE and commands that end a card's life."""
_VERIFY: Final = (0x00, 0x20)
_WITHOUT_BODY: Final = 4
"""Bytes of a VERIFY that asks for the counter."""


class GuardedConnection(CardConnection):
    """It lets nothing through that a card counts, unless one try may be spent."""

    def __init__(self, connection: CardConnection, *, besides: Collection[tuple[int, int]] = ()) -> None:
        """`besides`: what a simulated card understands and no real one."""
        self._connection = connection
        self._free = _FREE | set(besides)
        self._may_spend = False

    def let_one_try_be_spent(self) -> None:
        """Let VERIFY through until one was not accepted."""
        self._may_spend = True

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Pass one command on. Raise HeldBack for one that might cost a try."""
        command = tuple(apdu[:2])
        if command in self._free or (command == _VERIFY and len(apdu) == _WITHOUT_BODY):
            return self._connection.transmit(apdu)
        if command != _VERIFY or not self._may_spend:
            held = "VERIFY" if command == _VERIFY else f"command {bytes(command).hex(' ').upper()}"
            raise HeldBack(f"{held} was held back: this card is not marked expendable, or has lost its one try")
        # Spent until the card says otherwise, also when it leaves before it answered.
        self._may_spend = False
        data, sw = self._connection.transmit(apdu)
        self._may_spend = sw == status.OK
        return data, sw

    def power_off(self) -> None:
        """Cut the card's power."""
        self._connection.power_off()
