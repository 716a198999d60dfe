"""A PN532 at SPI: mode 0, least significant bit first, the first byte of a transfer says what it is (UM0701-02, SPI).

01 writes a frame, 02 reads the status byte, whose bit 0 says that a frame is ready, 03 reads a frame. The SPI of a Pi
sends the most significant bit first and cannot do otherwise, so every byte is turned round here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

WRITE, STATUS, READ = 0x01, 0x02, 0x03
READY: Final = 0x01
CLOCK_HZ: Final = 1_000_000
"""The chip takes up to 5 MHz; ribbons and jumper wires do not."""
# The chip wakes when it is selected, and needs up to 2 ms: two bytes at this clock hold it for 3 ms. 00 says nothing.
WAKE_HZ: Final = 5_000
WAKE: Final = b"\x00\x00"
LOOK_S: Final = 0.001
_ENOUGH: Final = 300
"""Longer than any frame."""

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class SpiDevice(Protocol):
    """What is used of `spidev.SpiDev`."""

    def xfer2(self, values: Sequence[int], speed_hz: int = ..., /) -> Sequence[int]:
        """Send bytes with the chip selected, and return those that came meanwhile."""

    def close(self) -> None:
        """Let go of the bus."""


class SpiWire:
    """A device of the SPI bus. Raise OSError when the bus is gone."""

    def __init__(self, device: SpiDevice, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._device = device
        self._wait = wait

    def wake(self) -> None:
        """Select the chip for as long as it needs to wake."""
        self._device.xfer2(list(WAKE), WAKE_HZ)

    def clear(self) -> None:
        """Fetch what nobody has fetched: it stays in the chip until somebody does."""
        if self._ready():
            self._fetch(_ENOUGH)

    def write(self, data: bytes | bytearray) -> None:
        """Send bytes."""
        self._device.xfer2([_REVERSED[WRITE], *(_REVERSED[byte] for byte in data)], CLOCK_HZ)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Fetch `size` bytes once the chip is ready."""
        deadline = time.monotonic() + timeout_s
        while not self._ready():
            if time.monotonic() >= deadline:
                return b""
            self._wait(LOOK_S)
        return self._fetch(size)

    def close(self) -> None:
        """Let go of the bus."""
        self._device.close()

    def _ready(self) -> bool:
        _, status = self._device.xfer2([_REVERSED[STATUS], 0x00], CLOCK_HZ)
        return bool(_REVERSED[status] & READY)

    def _fetch(self, size: int) -> bytes:
        _, *received = self._device.xfer2([_REVERSED[READ], *bytes(size)], CLOCK_HZ)
        return bytes(_REVERSED[byte] for byte in received)
