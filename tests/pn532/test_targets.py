"""What the chip tells of cards, and the ATR that PC/SC makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import CardUnreadable
from device.drivers.pn532.targets import Modulation, Target, parse

# Contactless ATRs of real cards (facts: card.md, 1.4), split into what the card had said, with an invented PUPI.
REAL_ATRS = {
    "3B888001000005E0B381A1007F": ("000005E0", "B381A1", "00"),
    "3B888001000041E0B381A1003B": ("000041E0", "B381A1", "00"),
    "3B888001004B51FF0081D100BC": ("004B51FF", "0081D1", "00"),
    "3B888001004B51FFB381D1000F": ("004B51FF", "B381D1", "00"),
}


@pytest.mark.parametrize(("atr", "said"), REAL_ATRS.items())
def test_the_atr_is_the_one_that_other_readers_make(atr: str, said: tuple[str, str, str]) -> None:
    application, protocol, attrib = said
    listed = bytes.fromhex("01 01 50 12345678" + application + protocol + "01" + attrib)
    assert parse(Modulation.TYPE_B, listed) == [Target(1, bytes.fromhex(atr))]


def test_the_cards_buffer_goes_into_the_atr_and_our_own_number_for_it_does_not() -> None:
    listed = bytes.fromhex("01 01 50 12345678 000005E0 B381A1 01 21")
    assert parse(Modulation.TYPE_B, listed)[0].atr[11] == 0x20


def test_a_card_that_says_nothing_to_attrib_has_no_buffer_to_tell_of() -> None:
    listed = bytes.fromhex("01 01 50 12345678 000005E0 B381A1 00")
    assert parse(Modulation.TYPE_B, listed)[0].atr.hex().upper() == "3B888001000005E0B381A1007F"


def test_what_nfcpy_recorded_of_a_type_b_card_is_read() -> None:
    assert parse(Modulation.TYPE_B, bytes.fromhex("0101 50E8253EEC00000011008185 0100")) == [
        Target(1, bytes.fromhex("3B8880010000001100818500 1C"))
    ]


def test_a_type_b_card_without_blocks_takes_no_commands() -> None:
    assert parse(Modulation.TYPE_B, bytes.fromhex("0101 50E8253EEC00000011008085 0100")) == [Target(1, b"")]


def test_a_mifare_card_takes_no_commands_and_a_type_a_card_with_ats_does() -> None:
    assert parse(Modulation.TYPE_A, bytes.fromhex("01 01 0044 00 07 0416C6C2D73881")) == [Target(1, b"")]
    # A DESFire EV1 and a JCOP 31, from a libnfc bug report.
    desfire = bytes.fromhex("01 01 0344 20 07 041E2061801D80 06 7577810280")
    assert [target.atr.hex().upper() for target in parse(Modulation.TYPE_A, desfire)] == ["3B8180018080"]
    jcop = bytes.fromhex("01 01 0048 20 07 041314218B2080 0D 7877B1024A434F5076323431")
    assert [target.atr[4:-1] for target in parse(Modulation.TYPE_A, jcop)] == [b"JCOPv241"]


def test_two_cards_are_two() -> None:
    one = "50 12345678 000005E0 B381A1 01 00"
    assert [card.number for card in parse(Modulation.TYPE_B, bytes.fromhex("02 01" + one + "02" + one))] == [1, 2]
    assert parse(Modulation.TYPE_B, b"\x00") == []


def test_a_transport_pass_takes_no_commands() -> None:
    felica = bytes.fromhex("01 01 14 01 0102030405060708 F1F2F3F4F5F6F7F8 AABB")
    assert parse(Modulation.FELICA, felica) == [Target(1, b"")]


@pytest.mark.parametrize("listed", ["", "01", "0101", "01 01 51 12345678 000005E0 B381A1 01 00", "0101 50E8253E"])
def test_what_is_no_list_is_unreadable(listed: str) -> None:
    with pytest.raises(CardUnreadable):
        parse(Modulation.TYPE_B, bytes.fromhex(listed))


@given(modulation=st.sampled_from(Modulation), listed=st.binary(max_size=262))
def test_whatever_a_card_says_it_is_a_list_or_unreadable(modulation: Modulation, listed: bytes) -> None:
    try:
        targets = parse(modulation, listed)
    except CardUnreadable:
        return
    assert all(target.atr == b"" or target.atr[0] == 0x3B for target in targets)
