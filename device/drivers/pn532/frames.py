"""The frames that a host and a PN532 exchange, on every bus the same: bytes in, what they mean out. No I/O, no time.

All fields are from NXP's PN532 user manual UM0701-02 (firmware 1.6), chapter 6.2.1; the names are the manual's.

field       bytes                     meaning                                                  section
PREAMBLE    any number of 00          nothing; the manual draws one                            6.2.1.1, 6.2.1.6
START CODE  00 FF                     a frame begins                                           6.2.1.1
LEN         1                         how many bytes TFI and the data are, 1 to 255            6.2.1.1
LCS         1                         LEN + LCS = 0 in the low byte                            6.2.1.1
LEN, LCS    FF FF                     an extended frame: the true length follows               6.2.1.2
LENM, LENL  2, big-endian             the true length, at most 265                             6.2.1.2
LCS         1                         LENM + LENL + LCS = 0 in the low byte                    6.2.1.2
TFI         D4, D5, 7F                from the host, from the PN532, an error frame            6.2.1.1, 6.2.1.5
PD0…PDn     LEN - 1                   PD0 is the command's code, one more in the answer        6.2.1.1, 7
DCS         1                         TFI + PD0 + … + PDn + DCS = 0 in the low byte            6.2.1.1
POSTAMBLE   any number of 00          nothing; the manual draws one                            6.2.1.1, 6.2.1.6
ACK         00 FF 00 FF               the last frame came well; from the host also: stop       6.2.1.3
NACK        00 FF FF 00               from the host only: send the last answer again           6.2.1.4
error       00 FF 01 FF 7F 81         the PN532 does not understand the command                6.2.1.5
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACK: Final = bytes.fromhex("0000FF00FF00")
NACK: Final = bytes.fromhex("0000FFFF0000")
FROM_HOST, FROM_CHIP, SYNTAX_ERROR = 0xD4, 0xD5, 0x7F

LARGEST: Final = 265
"""Bytes of TFI and data that the firmware takes and sends (6.2.1.2)."""
LARGEST_FRAME: Final = 3 + 5 + LARGEST + 2
"""One preamble byte and start code, extended length, data, checksum and one postamble byte."""

_START: Final = b"\x00\xff"
_NORMAL: Final = 0xFF
_EXTENDED_MARK: Final = b"\xff\xff"
_NORMAL_HEAD, _EXTENDED_HEAD = 2, 5


@dataclass(frozen=True, slots=True)
class Ack:
    """The other side has taken the last frame."""


@dataclass(frozen=True, slots=True)
class Nack:
    """The other side wants the last answer again."""


@dataclass(frozen=True, slots=True)
class Information:
    """A command or an answer whose checksums are right: frame identifier, code and what follows it."""

    tfi: int
    code: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The chip does not understand the command."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that began as a frame and are none. `beginning`: TFI and code, as far as they came after a right length."""

    why: str
    beginning: bytes = b""


Event = Ack | Nack | Information | ErrorFrame | Broken


def encode(code: int, data: bytes | bytearray = b"") -> bytearray:
    """Return the frame of a command, for its owner to wipe. Raise ValueError where it is too long for the chip."""
    length = 2 + len(data)
    if length > LARGEST:
        raise ValueError(f"a frame takes {LARGEST - 2} bytes, not {len(data)}")
    frame = bytearray(b"\x00" + _START)
    if length <= _NORMAL:
        frame += bytes((length, -length & 0xFF))
    else:
        high, low = divmod(length, 256)
        frame += _EXTENDED_MARK + bytes((high, low, -(high + low) & 0xFF))
    frame += bytes((FROM_HOST, code))
    frame += data
    frame += bytes((-(FROM_HOST + code + sum(data)) & 0xFF, 0x00))
    return frame


class Decoder:
    """Finds frames in a stream of bytes that may begin, break off or be disturbed anywhere.

    Whatever it is fed, it holds less than one frame afterwards. After a frame that turned out to be none it looks for
    the next start inside it, so noise costs no more than what it hit.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def midway(self) -> bool:
        """A frame has begun and its end has not come."""
        return _START in self._held

    def reset(self) -> None:
        """Forget what was begun."""
        self._held.clear()

    def feed(self, received: bytes) -> list[Event]:
        """Take bytes; return what is complete now."""
        self._held += received
        events: list[Event] = []
        while (event := self._next()) is not None:
            events.append(event)
        return events

    def give_up(self) -> list[Event]:
        """No more bytes will come for the frame that was begun: return it as broken, and what was hidden inside it."""
        events: list[Event] = []
        while self.midway:
            beginning = _beginning(self._held)
            events.append(self._broken("the frame breaks off", beginning))
            events += self.feed(b"")
        return events

    def _next(self) -> Event | None:
        """Take one event off what is held; None where more bytes are needed."""
        start = self._held.find(_START)
        if start < 0:
            # The last byte may be the first half of a start code.
            del self._held[: len(self._held) - self._held.endswith(b"\x00")]
            return None
        del self._held[:start]
        body = self._held[len(_START) :]
        if len(body) < _NORMAL_HEAD:
            return None
        match bytes(body[:_NORMAL_HEAD]):
            case b"\x00\xff":
                return self._taken(_NORMAL_HEAD, Ack())
            case b"\xff\x00":
                return self._taken(_NORMAL_HEAD, Nack())
            case b"\xff\xff":
                if len(body) < _EXTENDED_HEAD:
                    return None
                return self._information(_EXTENDED_HEAD, int.from_bytes(body[2:4], "big"), sum(body[2:5]))
            case _:
                return self._information(_NORMAL_HEAD, body[0], body[0] + body[1])

    def _information(self, head: int, length: int, checksum: int) -> Event | None:
        if checksum & 0xFF:
            return self._broken("the length's checksum is wrong")
        if not 1 <= length <= LARGEST:
            return self._broken(f"a length of {length} bytes")
        end = len(_START) + head + length + 1
        if len(self._held) < end:
            return None
        content = bytes(self._held[len(_START) + head : end - 1])
        if sum(self._held[len(_START) + head : end]) & 0xFF:
            return self._broken("the data's checksum is wrong", content[:2])
        if content[0] == SYNTAX_ERROR and length == 1:
            return self._taken(head + length + 1, ErrorFrame())
        if length == 1:
            return self._broken("a frame without a code")
        return self._taken(head + length + 1, Information(content[0], content[1], content[2:]))

    def _taken(self, size: int, event: Event) -> Event:
        del self._held[: len(_START) + size]
        return event

    def _broken(self, why: str, beginning: bytes = b"") -> Broken:
        # A frame may hide in what was taken for this one, so only its first byte is passed by.
        del self._held[:1]
        return Broken(why, beginning)


def _beginning(held: bytearray) -> bytes:
    """Return up to two bytes of TFI and code of a frame that began; nothing where its length is not certain."""
    body = held[held.index(_START) + len(_START) :]
    if body[:2] == _EXTENDED_MARK:
        return bytes(body[5:7]) if not sum(body[2:5]) & 0xFF else b""
    return bytes(body[2:4]) if not sum(body[:2]) & 0xFF else b""
