"""The antenna of a simulated PN532: what lies there, and what it says when it is asked who is there."""

from __future__ import annotations

from enum import Enum
from threading import RLock
from typing import Final

from device.domain.errors import CardLost
from device.sim.card import PlaceableCard


class Kind(Enum):
    """How a card talks; the values are the chip's (BrTy of InListPassiveTarget, 7.3.5)."""

    TYPE_A = 0x00
    FELICA = 0x01
    TYPE_B = 0x03


# What a real card answered: a Mifare Ultralight to type A, a card to FeliCa (both from the test data of nfcpy).
_TYPE_A_ANSWER: Final = bytes.fromhex("004400070416C6C2D73881")
_FELICA_ANSWER: Final = bytes.fromhex("14010102030405060708F1F2F3F4F5F6F7F8AABB")
_PUPI: Final = bytes.fromhex("E8253EEC")


class CardField:
    """Cards in a field that can be switched. Any thread may place and lift."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._on = False
        self._cards: list[tuple[Kind, PlaceableCard]] = []
        self._active: list[PlaceableCard] = []

    @property
    def on(self) -> bool:
        """Whether there is power for cards."""
        with self._lock:
            return self._on

    def place(self, card: PlaceableCard, kind: Kind = Kind.TYPE_B) -> None:
        """Put a card into the field, beside whatever lies there."""
        with self._lock:
            self._cards.append((kind, card))
            if self._on:
                card.power_on()

    def lift(self) -> None:
        """Take every card away."""
        with self._lock:
            for _, card in self._cards:
                card.power_off()
            self._cards.clear()
            self._active.clear()

    def switch(self, *, on: bool) -> None:
        """Give the cards power or take it."""
        with self._lock:
            if on and not self._on:
                for _, card in self._cards:
                    card.power_on()
            if not on:
                self._active.clear()
                for _, card in self._cards:
                    card.power_off()
            self._on = on

    def activate(self, kind: Kind, most: int) -> list[bytes]:
        """Select up to `most` cards of a kind; return what each says, without the number that the chip gives it."""
        with self._lock:
            self.switch(on=True)
            found = [card for its_kind, card in self._cards if its_kind is kind and card.atr][:most]
            for card in found:
                card.reset()
            self._active = found
            return [_introduction(kind, card) for card in found]

    def answers(self) -> bool:
        """Whether the card that was activated is there and has power."""
        with self._lock:
            return bool(self._active)

    def transmit(self, number: int, apdu: bytes) -> bytes:
        """Give a command to an active card, numbered from 1. Raise CardLost when there is none."""
        with self._lock:
            if number > len(self._active):
                raise CardLost
            try:
                data, sw = self._active[number - 1].transmit(apdu)
            except CardLost:
                self.lift()
                raise
            return data + sw.to_bytes(2, "big")


def _introduction(kind: Kind, card: PlaceableCard) -> bytes:
    match kind:
        case Kind.TYPE_A:
            return _TYPE_A_ANSWER
        case Kind.FELICA:
            return _FELICA_ANSWER
        case Kind.TYPE_B:
            # The reader's ATR is made of ATQB and the answer to ATTRIB (PC/SC part 3), so a contactless ATR tells what
            # the card had said: application data, protocol info, buffer.
            application, protocol, buffer_index = card.atr[4:8], card.atr[8:11], card.atr[11:12]
            return b"\x50" + _PUPI + application + protocol + b"\x01" + buffer_index
