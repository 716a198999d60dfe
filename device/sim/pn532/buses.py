"""A simulated PN532 at SPI and at I2C (UM0701-02, SPI, I2C), with the methods that the libraries for them offer."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from device.sim.pn532.chip import SimulatedChip

_READY, _BUSY = 0x01, 0x00
_ADDRESS = 0x24


class _Mailbox:
    """Frames that wait in the chip until the host fetches them, one after the other."""

    def __init__(self, chip: SimulatedChip) -> None:
        self._chip = chip
        self._frames: deque[bytes] = deque()

    def write(self, data: bytes) -> None:
        self._frames.clear()  # a new command ends what the last one had to say
        self._frames += [speech for speech in self._chip.hear(data) if speech]

    @property
    def status(self) -> int:
        return _READY if self._frames else _BUSY

    def fetch(self, size: int) -> bytes:
        frame = self._frames.popleft() if self._frames else b""
        return frame[:size].ljust(size, b"\x00")


class SimulatedSpi:
    """A chip at SPI, as `spidev.SpiDev` shows it on a machine that sends the highest bit first."""

    def __init__(self, chip: SimulatedChip) -> None:
        self._mailbox = _Mailbox(chip)
        self.closed = False

    def xfer2(self, values: Sequence[int], speed_hz: int = 0, /) -> list[int]:  # noqa: ARG002  any speed will do
        """Exchange bytes while the chip is selected."""
        said = bytes(_turned(value) for value in values)
        match said[:1]:
            case b"\x01":
                self._mailbox.write(said[1:])
                answer = bytes(len(said))
            case b"\x02":
                answer = bytes((0x00, *[self._mailbox.status] * (len(said) - 1)))
            case b"\x03":
                answer = b"\x00" + self._mailbox.fetch(len(said) - 1)
            case _:
                answer = bytes(len(said))
        return [_turned(byte) for byte in answer]

    def close(self) -> None:
        """Let go of the bus."""
        self.closed = True


class SimulatedI2c:
    """A chip at I2C: two directions, one transaction each. Raise OSError (EREMOTEIO) for any other address."""

    def __init__(self, chip: SimulatedChip) -> None:
        self._mailbox = _Mailbox(chip)
        self.closed = False

    def write(self, address: int, data: bytes | bytearray) -> None:
        """Send bytes to the chip."""
        _require(address)
        self._mailbox.write(bytes(data))

    def read(self, address: int, size: int) -> bytes:
        """Fetch the status byte, and with it as much of a frame as is asked for."""
        _require(address)
        status = bytes((self._mailbox.status,))
        return status if size == 1 else status + self._mailbox.fetch(size - 1)

    def close(self) -> None:
        """Let go of the bus."""
        self.closed = True


def _require(address: int) -> None:
    if address != _ADDRESS:
        raise OSError(121, "Remote I/O error")


def _turned(byte: int) -> int:
    return int(f"{byte:08b}"[::-1], 2)
