"""What vpcd, the virtual reader of vsmartcard, and a card behind it say to each other.

Simulated cards and cards on readers without a PC/SC driver come to pcscd by this wire.

vpcd listens, the card calls. A message is two bytes of length (big-endian) and a body. A body of one byte is an order,
and of the orders only GIVE_ATR is answered; every other body is a command APDU, whose answer ends with its status word
(facts: card.md, 1.18). For vpcd a connected card is a present card, and about every 400 ms it asks for the ATR to
see whether it still is.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from enum import Enum
from typing import Final

VPCD_ADDRESS: Final = ("127.0.0.1", 35963)
"""The first of the two slots that Debian's vpcd opens."""

_LENGTH_SIZE: Final = 2
_PORTION: Final = 4096
_QUESTIONS, _LOOKS, _QUESTION_S = 8, 2, 5.0


class Order(Enum):
    """What the reader wants of the card's power."""

    POWER_OFF = b"\x00"
    POWER_ON = b"\x01"
    RESET = b"\x02"
    GIVE_ATR = b"\x04"


def encode(body: bytes) -> bytes:
    """Return the message that carries an ATR, or an answer with its status word."""
    return len(body).to_bytes(_LENGTH_SIZE, "big") + body


class Messages:
    """Takes the bytes of a connection apart."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, received: bytes) -> list[Order | bytes]:
        """Take bytes in any portions; return the orders and commands that are complete now.

        An order that nobody knows is a body of one byte like any other that is no command; it is left out.
        """
        self._held += received
        found: list[Order | bytes] = []
        while len(self._held) >= _LENGTH_SIZE:
            end = _LENGTH_SIZE + int.from_bytes(self._held[:_LENGTH_SIZE], "big")
            if len(self._held) < end:
                break
            body = bytes(self._held[_LENGTH_SIZE:end])
            # Overwritten before it goes: it may have carried a PIN.
            self._held[:end] = bytes(end)
            del self._held[:end]
            if len(body) > 1:
                found.append(body)
            elif body in _ORDERS:
                found.append(_ORDERS[body])
        return found


_ORDERS: Final = {order.value: order for order in Order}


def receive(wire: socket.socket, messages: Messages) -> list[Order | bytes] | None:
    """Return what vpcd has said completely; nothing when the socket's time is up; None when vpcd has hung up."""
    # Not sticky, so before every recv: vpcd sends length and body in two writes, and a delayed ACK between them makes
    # the kernel wait 40 ms. This line is the difference between 20 and thousands of commands per second.
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    try:
        received = wire.recv(_PORTION)
    except TimeoutError:
        return []
    return messages.feed(received) if received else None


def show_empty(address: tuple[str, int]) -> None:
    """Wait until pcscd asks whether a card is there, and do not answer. Raise OSError where nobody asks.

    It looks every 400 ms, and if a command fails and a card is back before it looks, it keeps the slot for empty until
    that card goes.
    """
    presence_question = encode(Order.GIVE_ATR.value)
    seen = 0
    for _ in range(_QUESTIONS):
        with suppress(ConnectionError), socket.create_connection(address, timeout=_QUESTION_S) as nobody:
            nobody.shutdown(socket.SHUT_WR)
            question = b""
            while piece := nobody.recv(64):
                question += piece
            # Anything else was meant for the card by a program that has not noticed yet, and so may be one such
            # question: the card is asked for its ATR when it is powered, too. The second in a row is pcscd's look.
            seen = seen + 1 if question == presence_question else 0
            if seen == _LOOKS:
                return
