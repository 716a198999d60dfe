"""A simulated card behind the real PC/SC stack: it plugs into vpcd, the virtual reader of vsmartcard, by TCP.

What goes over the wire is in `device.card.vpcd`. For vpcd a connected card is a present card: an empty slot has no
connection.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from device.card.vpcd import VPCD_ADDRESS, Messages, Order, encode, receive, show_empty
from device.domain.errors import CardLost
from device.sim.card import PlaceableCard

__all__ = ["VPCD_ADDRESS", "VpcdSlot"]

_HANG_UP_S: Final = 5.0


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

        Returns when pcscd has seen the empty slot, within about a second. It looks every 400 ms, and if a command
        fails and a card is back before it looks, it keeps the slot for empty until that card goes.
        """
        session, self._session = self._session, None
        if session is not None:
            session.end()
            # What the session left unanswered may have been the end of a command, not pcscd's look at the slot.
            show_empty(self._address)

    def close(self) -> None:
        """Leave the slot empty."""
        self.pull()


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
        self._thread.join(_HANG_UP_S)
        with suppress(OSError):  # a service that has hung up, or one that hangs
            self._wire.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _serve(self) -> None:
        # Both ends may hang up at any moment, and a card may leave by itself: all of these are a card pulled out.
        with self._wire, suppress(OSError, CardLost):
            for message in self._messages():
                if self._pulled:
                    continue
                answer = self._answer(message)
                if answer is not None:
                    self._wire.sendall(encode(answer))
        self._card.power_off()

    def _answer(self, message: Order | bytes) -> bytes | None:
        """Return what goes back, or None where nothing does. Raise CardLost when the card leaves by itself."""
        match message:
            case Order.GIVE_ATR:
                return self._card.atr
            case Order.POWER_ON:
                self._card.power_on()
            case Order.RESET:
                self._card.reset()
            case Order.POWER_OFF:
                self._card.power_off()
            case bytes():
                data, sw = self._card.transmit(message)
                return data + sw.to_bytes(2, "big")
        return None

    def _messages(self) -> Iterator[Order | bytes]:
        """Give what vpcd says, until it hangs up."""
        messages = Messages()
        while (said := receive(self._wire, messages)) is not None:
            yield from said
