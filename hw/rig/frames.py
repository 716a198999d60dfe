"""Lines on the rig's serial line, as PROTOCOL.md says: number, words, check."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 200
NUMBERS: Final = 256
_LINE = re.compile(r"(\d{1,3}) ([!-~]+(?: [!-~]+)*) \*([0-9A-F]{4})")


class BadFrame(ValueError):  # noqa: N818  what is wrong, in two words
    """What came over the line is no line of the protocol; it is not answered."""


@dataclass(frozen=True, slots=True)
class RigLine:
    """One line, either way."""

    number: int
    words: tuple[str, ...]

    def encode(self) -> bytes:
        """Return the line with its check and its end. Raise ValueError for words that no line can hold."""
        head = f"{self.number} {' '.join(self.words)}"
        line = f"{head} *{check(head.encode()):04X}"
        if len(line) > LONGEST or _LINE.fullmatch(line) is None or self.number >= NUMBERS:
            raise ValueError(f"no line of the protocol: {head!r}")
        return f"{line}\n".encode()

    @classmethod
    def decode(cls, line: bytes) -> RigLine:
        """Read a line without its end. Raise BadFrame."""
        try:
            text = line.rstrip(b"\r").decode("ascii")
        except UnicodeDecodeError as error:
            raise BadFrame("not ASCII") from error
        match = _LINE.fullmatch(text)
        if match is None or len(text) > LONGEST or int(match[1]) >= NUMBERS:
            raise BadFrame("no number, words and check")
        head, _, _ = text.rpartition(" *")
        if check(head.encode()) != int(match[3], 16):
            raise BadFrame("the check is wrong")
        return cls(int(match[1]), tuple(match[2].split(" ")))


def check(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE."""
    return binascii.crc_hqx(data, 0xFFFF)
