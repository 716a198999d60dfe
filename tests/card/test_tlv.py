from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.card.tlv import Header, parse_fields, read_header
from device.domain.errors import CardUnreadable

# Shapes of real files (facts of the card, 2.8, 3 and 4.1), and what the standard allows beside them.
HEADERS = [
    ("3082062B", Header(0x30, 4, 1579)),  # certificate of 1583 bytes
    ("7F21820233", Header(0x7F21, 5, 0x233)),  # certificate of the 券面事項確認AP
    ("5F4E820129", Header(0x5F4E, 5, 297)),
    ("FF2082159F", Header(0xFF20, 5, 0x159F)),
    ("FF20818C", Header(0xFF20, 4, 140)),
    ("FF100C", Header(0xFF10, 3, 12)),
    ("DF2108", Header(0xDF21, 3, 8)),
    ("DF2382009F", Header(0xDF23, 5, 0x9F)),  # longer than needed: 81 9F would do
    ("90030100", Header(0x90, 2, 3)),
    ("91820100", Header(0x91, 4, 256)),
    ("308400000001", Header(0x30, 6, 1)),
    ("DFFF7F00", Header(0xDFFF7F, 4, 0)),
]


@pytest.mark.parametrize(("raw", "header"), HEADERS)
def test_a_header_is_read_as_the_card_writes_it(raw: str, header: Header) -> None:
    assert read_header(bytes.fromhex(raw)) == header
    assert read_header(bytes.fromhex("0000" + raw), 2) == header


@pytest.mark.parametrize(("raw", "header"), HEADERS)
def test_a_header_that_is_cut_off_is_refused(raw: str, header: Header) -> None:
    for size in range(header.size):
        with pytest.raises(CardUnreadable, match="cut off"):
            read_header(bytes.fromhex(raw)[:size])


@pytest.mark.parametrize("raw", ["3080", "30FF00", "308500000000010203", "DFFFFFFF01"])
def test_indefinite_enormous_and_endless_forms_are_refused(raw: str) -> None:
    with pytest.raises(CardUnreadable):
        read_header(bytes.fromhex(raw + "00" * 8))


def test_fields_end_where_the_filler_begins() -> None:
    fields = parse_fields(bytes.fromhex("DF2101AA DF22820002BBCC DF2300 FFFFFFFFFF"))
    assert fields == {0xDF21: b"\xaa", 0xDF22: b"\xbb\xcc", 0xDF23: b""}


def test_a_tag_that_begins_with_ff_is_no_filler() -> None:
    assert parse_fields(bytes.fromhex("FF2001AA FF")) == {0xFF20: b"\xaa"}


def test_a_field_beyond_the_end_is_refused() -> None:
    with pytest.raises(CardUnreadable, match="DF22 is cut off"):
        parse_fields(bytes.fromhex("DF2203AABB"))


def test_a_tag_that_appears_twice_is_refused() -> None:
    with pytest.raises(CardUnreadable, match="DF27 appears twice"):
        parse_fields(bytes.fromhex("DF2701AA DF2701BB"))


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_fields_or_unreadable(data: bytes) -> None:
    with contextlib.suppress(CardUnreadable):
        fields = parse_fields(data)
        assert sum(map(len, fields.values())) <= len(data)


@given(
    st.dictionaries(st.sampled_from([0x30, 0x90, 0xDF21, 0xDF27, 0xFF20]), st.binary(max_size=300)),
    st.integers(min_value=2, max_value=4),
    st.integers(min_value=0, max_value=40),
)
def test_what_was_written_in_any_form_is_read_again(fields: dict[int, bytes], length_bytes: int, filler: int) -> None:
    written = b"".join(
        tag.to_bytes((tag.bit_length() + 7) // 8, "big")
        + bytes([0x80 | length_bytes])
        + len(value).to_bytes(length_bytes, "big")
        + value
        for tag, value in fields.items()
    )
    assert parse_fields(written + b"\xff" * filler) == fields
