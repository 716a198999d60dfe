"""Files that a card writes to hurt its reader. What it owes in return: a typed error, soon, and no try spent."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from device.sim.card.encoding import claim_length, tlv

_FAR: Final = 0x7FFF_FFFF
_100_MB: Final = 100 * 1024 * 1024
_JUST_ACCEPTED: Final = 8000
"""Less than any limit of a reader, so that it goes on reading for as long as it ever does."""
_LEVELS: Final = 400
_TWO_BYTE_TAG: Final = 0x1F
_EXCHANGED: Final = bytes.maketrans(b"\x30\x31\xdf\x5f", b"\x31\x30\x5f\xdf")


class Hostility(StrEnum):
    """How the card's TLV files are written: its certificates, the record of its face and that record's certificate."""

    LONG_OUTSIDE = "the outer length says two gigabytes"
    LONG_INSIDE = "the outer length is right, a field inside claims a hundred megabytes"
    CUT_SHORT = "the outer length ends in the middle of a field"
    ENDLESS = "the file has no end: every offset has bytes"
    RECURSION = "fields inside fields, four hundred deep"
    WRONG_TYPES = "every structure is of another type than it should be"
    EMPTY = "a structure with nothing in it"
    NO_LENGTH = "the length is of the form that has no end (80)"


def spoil(content: bytes, how: Hostility) -> bytes:
    """Return another file in place of one that starts with a TLV object."""
    tag = content[: 1 if content[0] & _TWO_BYTE_TAG != _TWO_BYTE_TAG else 2]
    number = int.from_bytes(tag, "big")
    match how:
        case Hostility.LONG_OUTSIDE:
            return claim_length(content, len(tag), _FAR)
        case Hostility.LONG_INSIDE:
            return tlv(number, tag + b"\x84" + _100_MB.to_bytes(4, "big") + content[:64])
        case Hostility.CUT_SHORT:
            return tlv(number, content[len(tag) + 3 :][:200])
        case Hostility.ENDLESS:
            return tag + b"\x82" + _JUST_ACCEPTED.to_bytes(2, "big")
        case Hostility.RECURSION:
            nested = b""
            for _ in range(_LEVELS):
                nested = tlv(number, nested)
            return nested
        case Hostility.WRONG_TYPES:
            return tlv(number, content[len(tag) + 3 :].translate(_EXCHANGED))
        case Hostility.EMPTY:
            return tlv(number)
        case Hostility.NO_LENGTH:
            return tag + b"\x80" + content[len(tag) + 3 :]


def claim_picture_size(jp2: bytes, width: int, height: int) -> bytes:
    """Return the JPEG 2000 file with other dimensions in its two headers, in one tile; the data behind them stay.

    A few kilobytes that promise gigabytes: what a decoder without limits would reserve.
    """
    box, codestream = jp2.index(b"ihdr") + 4, jp2.index(bytes.fromhex("FF4FFF51")) + 4
    size, none = width.to_bytes(4, "big") + height.to_bytes(4, "big"), bytes(8)
    picture = bytearray(jp2)
    picture[box : box + 8] = height.to_bytes(4, "big") + width.to_bytes(4, "big")
    # SIZ: Lsiz (2), Rsiz (2), size (8), offset (8), tile size (8), tile offset (8) (ISO/IEC 15444-1, A.5.1).
    picture[codestream + 4 : codestream + 36] = size + none + size + none
    return bytes(picture)
