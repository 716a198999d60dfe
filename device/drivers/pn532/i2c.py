"""A PN532 at I2C, address 24 (UM0701-02, I2C).

Every read begins with a status byte, whose bit 0 says that a frame follows, and then with the beginning of that frame:
so a frame is fetched in one piece.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

ADDRESS: Final = 0x24
READY: Final = 0x01
LOOK_S: Final = 0.001


class I2cBus(Protocol):
    """Two directions of an I2C bus, each one transaction. Raise OSError when nobody answers to the address."""

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Send bytes."""

    def read(self, address: int, size: int) -> bytes:
        """Fetch bytes."""

    def close(self) -> None:
        """Let go of the bus."""


class SmbusBus:
    """The Linux I2C bus `/dev/i2c-<number>` through smbus2."""

    def __init__(self, number: int) -> None:
        smbus2 = importlib.import_module("smbus2")  # only needed where a chip is at I2C
        self._bus = smbus2.SMBus(number)
        self._message = smbus2.i2c_msg

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Send bytes."""
        self._bus.i2c_rdwr(self._message.write(address, data))

    def read(self, address: int, size: int) -> bytes:
        """Fetch bytes."""
        message = self._message.read(address, size)
        self._bus.i2c_rdwr(message)
        return bytes(message)

    def close(self) -> None:
        """Let go of the bus."""
        self._bus.close()


class I2cWire:
    """The chip at an I2C bus. Raise OSError when the bus is gone."""

    def __init__(self, bus: I2cBus, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._bus = bus
        self._wait = wait

    def wake(self) -> None:
        """Address the chip: a sleeping one wakes at its address, and may not yet acknowledge it."""
        with suppress(OSError):
            self._bus.write(ADDRESS, b"\x00")

    def clear(self) -> None:
        """There is nothing to throw away: an old frame is gone with the next command."""

    def write(self, data: bytes | bytearray) -> None:
        """Send bytes."""
        self._bus.write(ADDRESS, data)

    def read(self, size: int, timeout_s: float) -> bytes:
        """Fetch a frame of up to `size` bytes once the chip is ready."""
        deadline = time.monotonic() + timeout_s
        while not self._bus.read(ADDRESS, 1)[0] & READY:
            if time.monotonic() >= deadline:
                return b""
            self._wait(LOOK_S)
        return self._bus.read(ADDRESS, 1 + size)[1:]

    def close(self) -> None:
        """Let go of the bus."""
        self._bus.close()
