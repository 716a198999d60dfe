"""A PN532 at a serial line (HSU, "high speed UART"): 115 200 baud, 8N1 after reset (UM0701-02, HSU)."""

from __future__ import annotations

import errno
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import serial

BAUD: Final = 115_200
# The chip wakes at the fifth rising edge of its receive line (UM0701-02, HSU wake-up condition): 55 is all edges. Then
# its oscillator starts for up to 2 ms, 23 bytes long, and a preamble may be of any length (6.2.1.6): the zeros are that
# time. There are more of them than a frame is long, so that they also fill up a command that broke off half-way.
WAKE: Final = b"\x55\x55" + bytes(300)


class UartWire:
    """A serial device, for this process alone. Raise OSError when it cannot be opened or is gone."""

    def __init__(self, device: str) -> None:
        with _one_kind_of_error():
            self._port = serial.Serial(device, BAUD, exclusive=True)

    def wake(self) -> None:
        """Send what wakes the chip and takes as long as it needs to be awake."""
        self.write(WAKE)

    def clear(self) -> None:
        """Throw away what has come and nobody has read."""
        with _one_kind_of_error():
            self._port.reset_input_buffer()

    def write(self, data: bytes | bytearray) -> None:
        """Send bytes."""
        with _one_kind_of_error():
            self._port.write(data)

    def read(self, size: int, timeout_s: float) -> bytes:  # noqa: ARG002  a serial line delivers by itself
        """Return what has come, at the first byte."""
        with _one_kind_of_error():
            self._port.timeout = timeout_s
            first: bytes = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else first

    def close(self) -> None:
        """Close the device."""
        self._port.close()


@contextmanager
def _one_kind_of_error() -> Iterator[None]:
    """Turn the errors of a terminal, which are none of the operating system to Python, into OSError."""
    try:
        yield
    except termios.error as error:
        raise OSError(*(error.args or (errno.EIO,))) from error
