from __future__ import annotations

from typing import Protocol


class Wire(Protocol):
    """A bus with a PN532 at its end. It carries bytes and knows nothing of frames. One thread at a time.

    Every method but `close()` raises OSError when the bus is gone.
    """

    def wake(self) -> None:
        """Do what the bus asks for before the first frame: the chip sleeps after power-up."""

    def clear(self) -> None:
        """Throw away what has come and nobody has read."""

    def write(self, data: bytes | bytearray) -> None:
        """Send bytes. Keep no copy: they may hold a secret that is about to be wiped."""

    def read(self, size: int, timeout_s: float) -> bytes:
        """Return what the chip says, nothing when the time is up.

        `size` is the length of the longest frame that can be meant: a bus that has to fetch (SPI, I2C) fetches so many.
        """

    def close(self) -> None:
        """Let go of the bus; harmless when repeated."""
