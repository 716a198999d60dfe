from __future__ import annotations

from typing import Protocol

from device.domain.errors import CardLost


class PlaceableCard(Protocol):
    """What a simulated reader needs of a card that is placed on it."""

    @property
    def atr(self) -> bytes:
        """The answer to reset; empty when the card stays mute."""

    def power_on(self) -> None:
        """Begin to live in the field."""

    def reset(self) -> None:
        """Restart without loss of power."""

    def power_off(self) -> None:
        """Lose the field, and with it everything that was verified."""

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Answer one command with (data, SW1SW2). Raise CardLost when the card decides to leave."""


class ContactLost(CardLost):
    """Raised by a card that stays where it is: only power and the last answer are lost."""
