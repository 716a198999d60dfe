from __future__ import annotations


class OtherCard:
    """A card without any application that the unit knows, such as a bank card: 6A82 to everything."""

    atr = bytes.fromhex("3B8880010000000000000000" + "09")

    def power_on(self) -> None:
        """Begin to live in the field."""

    def reset(self) -> None:
        """Restart; there is nothing to forget."""

    def power_off(self) -> None:
        """Lose the field; there is nothing to forget."""

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:  # noqa: ARG002  whatever is asked
        """Answer that there is no such thing here."""
        return b"", 0x6A82
