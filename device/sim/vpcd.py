"""A simulated card behind the real PC/SC stack: it plugs into vpcd, the virtual reader of vsmartcard, by TCP.

vpcd listens, the card calls. A message is two bytes of length (big-endian) and a body; a body of one byte is a control
byte, and only "give ATR" is answered. For vpcd a connected card is a present card: an empty slot has no
connection.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Final

from device.domain.errors import CardLost
from device.sim.card import PlaceableCard

VPCD_ADDRESS: Final = ("127.0.0.1", 35963)
"""The first of the two slots that Debian's vpcd opens."""
_POWER_OFF, _POWER_ON, _RESET, _GIVE_ATR = b"\x00", b"\x01", b"\x02", b"\x04"
_LENGTH_SIZE: Final = 2
_PRESENCE_QUESTION: Final = b"\x00\x01" + _GIVE_ATR
_QUESTIONS, _QUESTION_S = 5, 5.0


class VpcdSlot:
    """The card slot of vpcd: `insert()` and `pull()` cards, from one thread. Raise OSError when nobody listens."""

    def __init__(self, address: tuple[str, int] = VPCD_ADDRESS) -> None:
        self._address = address
        self._session: _Session | None = None

    @property
    def occupied(self) -> bool:
        """A card is in; one that left by itself is not."""
        return self._session is not None and self._session.lasts

    def insert(self, card: PlaceableCard) -> None:
        """Put a card in. Raise ValueError while another one is in."""
        if self.occupied:
            raise ValueError("a card is in the slot already; pull it first")
        self._session = _Session(card, socket.create_connection(self._address))

    def pull(self) -> None:
        """Take the card out, with or without a command under way; harmless when the slot is empty.

        Returns when pcscd has seen the empty slot, within about half a second. It looks every 400 ms, and if a command
        fails and a card is back before it looks, it keeps the slot for empty until that card goes.
        """
        session, self._session = self._session, None
        if session is not None:
            session.end()
            # What the session left unanswered may have been the end of a command, not pcscd's look at the slot.
            self._show_empty()

    def close(self) -> None:
        """Leave the slot empty."""
        self.pull()

    def _show_empty(self) -> None:
        """Wait until pcscd asks whether a card is there, and do not answer."""
        for _ in range(_QUESTIONS):
            with suppress(ConnectionError), socket.create_connection(self._address, timeout=_QUESTION_S) as nobody:
                nobody.shutdown(socket.SHUT_WR)
                question = b""
                while piece := nobody.recv(64):
                    question += piece
                # Anything else was meant for the card by a program that has not noticed yet.
                if question == _PRESENCE_QUESTION:
                    return


class _Session:
    """One card from insertion to removal, served by a thread of its own."""

    def __init__(self, card: PlaceableCard, wire: socket.socket) -> None:
        self._card = card
        self._wire = wire
        self._pulled = False
        self._thread = threading.Thread(target=self._serve, name="vpcd card", daemon=True)
        self._thread.start()

    @property
    def lasts(self) -> bool:
        """The card is still in."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Answer no more, and wait until vpcd has hung up."""
        self._pulled = True
        with suppress(OSError):  # vpcd may have hung up first
            self._wire.shutdown(socket.SHUT_WR)
        self._thread.join(_QUESTION_S)
        with suppress(OSError):  # a service that has hung up, or one that hangs
            self._wire.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        # Both ends may hang up at any moment, and a card may leave by itself: all of these are a card pulled out.
        with self._wire, suppress(OSError, CardLost):
            while (message := self._receive()) is not None:
                if self._pulled:
                    continue
                answer = self._answer(message)
                if answer is not None:
                    self._wire.sendall(len(answer).to_bytes(_LENGTH_SIZE, "big") + answer)
        self._card.power_off()

    def _answer(self, message: bytes) -> bytes | None:
        """Return what goes back, or None where nothing does. Raise CardLost when the card leaves by itself."""
        if len(message) > 1:
            data, sw = self._card.transmit(message)
            return data + sw.to_bytes(2, "big")
        if message == _GIVE_ATR:
            return self._card.atr
        if message == _POWER_ON:
            self._card.power_on()
        elif message == _RESET:
            self._card.reset()
        elif message == _POWER_OFF:
            self._card.power_off()
        return None

    def _receive(self) -> bytes | None:
        """Return the next message, or None at the end."""
        head = self._receive_exactly(_LENGTH_SIZE)
        return None if head is None else self._receive_exactly(int.from_bytes(head, "big"))

    def _receive_exactly(self, size: int) -> bytes | None:
        received = b""
        while len(received) < size:
            # Not sticky, so before every recv: vpcd sends length and body in two writes, and a delayed ACK between them
            # makes the kernel wait 40 ms. This line is the difference between 20 and thousands of commands per second.
            self._wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = self._wire.recv(size - len(received))
            if not piece:
                return None
            received += piece
        return received
