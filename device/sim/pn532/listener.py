"""The chip's ear, on a serial line: it sleeps, wakes and takes commands byte by byte (UM0701-02: HSU, 6.2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

_EDGES_TO_WAKE: Final = 5
_DEAF_BYTES: Final = 23
"""2 ms at 115 200 baud: until then the oscillator starts and nothing is heard."""
_LARGEST: Final = 265
_NO_COMMAND: Final = -1


class Said(Enum):
    """Frames of the host that are no commands."""

    ACK = auto()
    NACK = auto()


@dataclass(frozen=True, slots=True)
class Heard:
    """A command."""

    code: int
    data: bytes


class _Place(Enum):
    PREAMBLE = auto()
    START = auto()
    LENGTH = auto()
    LENGTH_CHECKSUM = auto()
    LONG_LENGTH = auto()
    CONTENT = auto()


class Listener:
    """Bytes in, commands out."""

    def __init__(self, *, sleeps: bool = True) -> None:
        self._sleeps = sleeps
        self._edges = 0
        self._deaf = 0
        self._place = _Place.PREAMBLE
        self._length = 0
        self._bytes = bytearray()

    def hear(self, data: bytes) -> Iterator[Heard | Said]:
        """Take bytes; give what they mean when they are complete."""
        for byte in data:
            if self._sleeps:
                self._stir(byte)
            elif self._deaf:
                self._deaf -= 1
            elif (heard := self._take(byte)) is not None:
                yield heard

    def _stir(self, byte: int) -> None:
        # On the line: the start bit, which is 0, the byte from its lowest bit on, the stop bit, which is 1.
        line = "0" + f"{byte:08b}"[::-1] + "1"
        self._edges += line.count("01")
        if self._edges >= _EDGES_TO_WAKE:
            self._sleeps, self._deaf = False, _DEAF_BYTES

    def _take(self, byte: int) -> Heard | Said | None:
        match self._place:
            case _Place.PREAMBLE:
                self._place = _Place.START if byte == 0x00 else _Place.PREAMBLE
            case _Place.START:
                if byte == 0xFF:  # noqa: PLR2004  the second byte of the start code
                    self._place = _Place.LENGTH
                elif byte != 0x00:
                    self._place = _Place.PREAMBLE
            case _Place.LENGTH:
                self._length, self._place = byte, _Place.LENGTH_CHECKSUM
            case _Place.LENGTH_CHECKSUM:
                return self._take_length_checksum(byte)
            case _Place.LONG_LENGTH:
                self._take_long_length(byte)
            case _Place.CONTENT:
                return self._take_content(byte)
        return None

    def _take_length_checksum(self, byte: int) -> Said | None:
        self._bytes.clear()
        self._place = _Place.PREAMBLE
        match self._length, byte:
            case 0x00, 0xFF:
                return Said.ACK
            case 0xFF, 0x00:
                return Said.NACK
            case 0xFF, 0xFF:
                self._place = _Place.LONG_LENGTH
            case length, checksum if length and (length + checksum) % 256 == 0:
                self._place = _Place.CONTENT
            case _:
                pass
        return None

    def _take_long_length(self, byte: int) -> None:
        self._bytes.append(byte)
        if len(self._bytes) < len(("LENM", "LENL", "LCS")):
            return
        self._length = self._bytes[0] * 256 + self._bytes[1]
        good = sum(self._bytes) % 256 == 0 and 0 < self._length <= _LARGEST
        self._place = _Place.CONTENT if good else _Place.PREAMBLE
        self._bytes.clear()

    def _take_content(self, byte: int) -> Heard | None:
        self._bytes.append(byte)
        if len(self._bytes) <= self._length:
            return None
        self._place = _Place.PREAMBLE
        *content, _ = self._bytes
        # A command with a wrong checksum, or one that is an answer, is not taken, and not acknowledged.
        if sum(self._bytes) % 256 or content[0] != 0xD4:  # noqa: PLR2004  TFI of the host
            return None
        return Heard(content[1] if len(content) > 1 else _NO_COMMAND, bytes(content[2:]))
