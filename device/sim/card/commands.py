from __future__ import annotations

from dataclasses import dataclass

OK = 0x9000
WRONG_LENGTH = 0x6700
NO_SUCH_CHANNEL = 0x6881
WRONG_FILE = 0x6981
NOT_VERIFIED = 0x6982
BLOCKED = 0x6984
NO_CURRENT_FILE = 0x6986
NOT_FOUND = 0x6A82
WRONG_PARAMETERS = 0x6A86
BEYOND_END = 0x6B00
UNKNOWN_INSTRUCTION = 0x6D00
UNKNOWN_CLASS = 0x6E00
NO_DIAGNOSIS = 0x6F00

_HEADER = 4
_MAX_LE = 256


class Refused(Exception):  # noqa: N818  an answer of the card, not an error of ours
    """The card's answer is a status word other than 9000."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


@dataclass(frozen=True, slots=True)
class Command:
    """A short command APDU taken apart. `le` is None when no data are asked for."""

    cla: int
    ins: int
    p1: int
    p2: int
    body: bytes
    le: int | None

    @classmethod
    def parse(cls, apdu: bytes) -> Command:
        """Take a command apart. Raise Refused (6700) when its length does not fit."""
        if len(apdu) < _HEADER:
            raise Refused(WRONG_LENGTH)
        head, rest = apdu[:_HEADER], apdu[_HEADER:]
        if len(rest) <= 1:
            body, tail = b"", rest
        else:
            size = rest[0]
            body, tail = rest[1 : 1 + size], rest[1 + size :]
            if not size or len(body) < size or len(tail) > 1:
                raise Refused(WRONG_LENGTH)
        le = (tail[0] or _MAX_LE) if tail else None
        cla, ins, p1, p2 = head
        return cls(cla, ins, p1, p2, body, le)
