"""BER-TLV as the card's files have it: two-byte tags, lengths in a longer form than needed, FF filler at the end.

Strict DER parsers fail on real cards (`82 00 9F`); a hostile card writes whatever it likes. Both are expected here, and
whatever cannot be parsed raises CardUnreadable.
"""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.errors import CardUnreadable

MAX_TAG_BYTES = 3
MAX_LENGTH_BYTES = 4
HEADER_WINDOW = 7
"""Bytes that hold any header with a tag of two bytes."""
FILLER = 0xFF
_MULTI_BYTE_TAG = 0x1F
_MORE = 0x80


@dataclass(frozen=True, slots=True)
class Header:
    """Tag as a number (`FF20` is 0xFF20), bytes of the header itself, bytes of the value after it."""

    tag: int
    size: int
    length: int

    @property
    def total(self) -> int:
        """Bytes of header and value."""
        return self.size + self.length


def read_header(data: bytes, offset: int = 0) -> Header:
    """Read the header at `offset`. The value itself need not be there."""
    tag, at = _read_tag(data, offset)
    first = _byte(data, at)
    at += 1
    if first < _MORE:
        return Header(tag, at - offset, first)
    count = first - _MORE
    if not 1 <= count <= MAX_LENGTH_BYTES:
        raise CardUnreadable(f"a TLV length of the form {first:02X}")
    if at + count > len(data):
        raise CardUnreadable("a TLV header is cut off")
    return Header(tag, at + count - offset, int.from_bytes(data[at : at + count], "big"))


def parse_fields(data: bytes) -> dict[int, bytes]:
    """Return the values of a sequence of fields by tag, up to the end or to FF filler.

    A tag that appears twice is refused: two readers of one record could see two different things.
    """
    return {tag: field[read_header(field).size :] for tag, field in parse_whole_fields(data).items()}


def parse_whole_fields(data: bytes) -> dict[int, bytes]:
    """Return the fields as `parse_fields` does, each with its header as the card wrote it: what signatures cover."""
    fields: dict[int, bytes] = {}
    offset = 0
    while offset < len(data) and not _is_filler(data, offset):
        header = read_header(data, offset)
        end = offset + header.total
        if end > len(data):
            raise CardUnreadable(f"the field {header.tag:X} is cut off")
        if header.tag in fields:
            raise CardUnreadable(f"the field {header.tag:X} appears twice")
        fields[header.tag] = data[offset:end]
        offset = end
    return fields


def _is_filler(data: bytes, offset: int) -> bool:
    """Tell filler from a tag such as FF20: no tag of the card has FF as its second byte."""
    return data[offset] == FILLER and (offset + 1 == len(data) or data[offset + 1] == FILLER)


def _read_tag(data: bytes, offset: int) -> tuple[int, int]:
    """Return the tag and the offset behind it."""
    tag = _byte(data, offset)
    at = offset + 1
    if tag & _MULTI_BYTE_TAG != _MULTI_BYTE_TAG:
        return tag, at
    for _ in range(MAX_TAG_BYTES - 1):
        following = _byte(data, at)
        at += 1
        tag = tag << 8 | following
        if following < _MORE:
            return tag, at
    raise CardUnreadable(f"a TLV tag of more than {MAX_TAG_BYTES} bytes")


def _byte(data: bytes, offset: int) -> int:
    if offset >= len(data):
        raise CardUnreadable("a TLV header is cut off")
    return data[offset]
