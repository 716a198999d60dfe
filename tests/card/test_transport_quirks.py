"""61xx, 6Cxx, short reads, ends of files and answers of the wrong size, below the level of any file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from device.card import apdu
from device.card.channel import Channel
from device.card.files import CardFile
from device.domain.errors import CardUnreadable
from device.ports.card import CardConnection

SELECTED = [("00A4040C 0A D392F000260100000001", "9000"), ("00A4020C 02 000A", "9000")]
Play = Callable[[list[tuple[str, str]]], Any]
Answering = Callable[[Callable[[bytes], tuple[bytes, int]]], Any]


def read_certificate(card: CardConnection) -> bytes:
    return Channel(card).read_object(CardFile.AUTH_CERTIFICATE, tag=0x30, limit=8192)


def test_a_wrong_le_is_corrected_once(play: Play) -> None:
    script = [("00B0000010", "6C04"), ("00B0000004", "AABBCCDD 9000")]
    assert Channel(play(script)).send(apdu.read_binary(0, 16)) == (bytes.fromhex("AABBCCDD"), 0x9000)


def test_6c00_corrects_to_256(play: Play) -> None:
    script = [("00B0000010", "6C00"), ("00B0000000", "AA 9000")]
    assert Channel(play(script)).send(apdu.read_binary(0, 16)) == (b"\xaa", 0x9000)


def test_a_card_that_corrects_for_ever_is_answered_with_its_own_word(play: Play) -> None:
    script = [("00B0000010", "6C04"), ("00B0000004", "6C03")]
    assert Channel(play(script)).send(apdu.read_binary(0, 16)) == (b"", 0x6C03)


def test_verify_is_never_sent_again_for_a_length(play: Play) -> None:
    script = [("00200080 04 31323334", "6C04")]
    assert Channel(play(script)).send(apdu.verify(bytearray(b"1234"))) == (b"", 0x6C04)


def test_an_answer_in_parts_is_put_together(play: Play) -> None:
    script = [
        ("00B0000000", "AABB 6102"),
        ("00C0000002", "CCDD 6100"),
        ("00C0000000", "EE 9000"),
    ]
    assert Channel(play(script)).send(apdu.read_binary(0, 256)) == (bytes.fromhex("AABBCCDDEE"), 0x9000)


def test_an_answer_in_endless_parts_is_left(answering: Answering) -> None:
    card = answering(lambda _: (b"", 0x6101))
    _, sw = Channel(card).send(apdu.read_binary(0, 256))
    assert sw == 0x6101
    assert len(card.heard) < 20


def test_parts_of_more_than_a_short_answer_are_refused(answering: Answering) -> None:
    card = answering(lambda _: (bytes(200), 0x61C8))
    with pytest.raises(CardUnreadable, match="in answer to a short command"):
        Channel(card).send(apdu.read_binary(0, 256))


def test_more_data_than_asked_for_is_refused(play: Play) -> None:
    with pytest.raises(CardUnreadable, match="5 bytes where 4 were asked for"):
        Channel(play([("00B0000004", "0102030405 9000")])).send(apdu.read_binary(0, 4))


def test_a_card_may_say_more_than_it_was_asked_where_nothing_was(play: Play) -> None:
    script = [("00A4020C 02 000A", "6F00 9000")]
    assert Channel(play(script)).send(apdu.select_file(CardFile.AUTH_CERTIFICATE))[1] == 0x9000


def test_short_reads_go_on_where_they_stopped(play: Play) -> None:
    script = [
        *SELECTED,
        ("00B0000007", "3082 9000"),
        ("00B0000205", "002001 9000"),
        ("00B0000502", "02 9000"),
        ("00B0000601", "03 9000"),
        ("00B000071D", "04" * 20 + "9000"),
        ("00B0001B09", "05" * 9 + "9000"),
    ]
    assert read_certificate(play(script)) == bytes.fromhex("30820020 010203" + "04" * 20 + "05" * 9)


@pytest.mark.parametrize("end", ["6B00", "6282"])
def test_a_file_that_ends_before_its_length_says_so_is_refused(play: Play, end: str) -> None:
    script = [*SELECTED, ("00B0000007", "30820020010203 9000"), ("00B000071D", end)]
    with pytest.raises(CardUnreadable, match="ends after 7 of 36 bytes"):
        read_certificate(play(script))


def test_the_last_bytes_may_come_with_the_remark_that_they_are_the_last(play: Play) -> None:
    script = [*SELECTED, ("00B0000007", "30080102030405 9000"), ("00B0000703", "060708 6282")]
    assert read_certificate(play(script)) == bytes.fromhex("3008 0102030405060708")


def test_an_object_that_fits_the_first_read_needs_no_second(play: Play) -> None:
    script = [*SELECTED, ("00B0000007", "3003010203FFFF 9000")]
    assert read_certificate(play(script)) == bytes.fromhex("3003010203")


@pytest.mark.parametrize("sw", ["6281", "6581", "6982", "6981"])
def test_an_error_while_reading_is_told(play: Play, sw: str) -> None:
    with pytest.raises(CardUnreadable, match=sw):
        read_certificate(play([*SELECTED, ("00B0000007", sw)]))


def test_a_file_that_claims_too_much_is_refused_before_it_is_read(play: Play) -> None:
    with pytest.raises(CardUnreadable, match="claims 8196 bytes"):
        read_certificate(play([*SELECTED, ("00B0000007", "30822000000000 9000")]))


def test_a_file_beyond_the_reach_of_read_binary_is_refused(play: Play) -> None:
    script = [*SELECTED, ("00B0000007", "3082800000 0000 9000")]
    with pytest.raises(CardUnreadable, match="claims 32772 bytes"):
        Channel(play(script)).read_object(CardFile.AUTH_CERTIFICATE, tag=0x30, limit=64 * 1024)


def test_a_file_of_filler_holds_no_object(play: Play) -> None:
    with pytest.raises(CardUnreadable):
        read_certificate(play([*SELECTED, ("00B0000007", "FF" * 7 + "9000")]))


def test_agreement_without_data_is_no_end(play: Play) -> None:
    with pytest.raises(CardUnreadable, match="without data"):
        read_certificate(play([*SELECTED, ("00B0000007", "9000")]))


def test_a_card_that_hands_out_crumbs_is_left(answering: Answering) -> None:
    file = bytes.fromhex("30821F00") + bytes(0x1F00)

    def crumbs(apdu: bytes) -> tuple[bytes, int]:
        if apdu[1] != 0xB0:
            return b"", 0x9000
        offset = int.from_bytes(apdu[2:4], "big")
        return file[offset : offset + 1], 0x9000

    card = answering(crumbs)
    with pytest.raises(CardUnreadable, match="too small pieces"):
        read_certificate(card)
    assert len(card.heard) < 600


def test_a_refused_selection_is_tried_anew_by_the_next_command(play: Play) -> None:
    script = [(SELECTED[0][0], "6985"), *SELECTED, ("00B0000007", "3003010203FFFF 9000")]
    channel = Channel(play(script))
    with pytest.raises(CardUnreadable, match="SELECT JPKI"):
        channel.read_object(CardFile.AUTH_CERTIFICATE, tag=0x30, limit=8192)
    assert channel.read_object(CardFile.AUTH_CERTIFICATE, tag=0x30, limit=8192)


def test_the_encoded_command_is_wiped_and_so_are_the_digits(answering: Answering) -> None:
    card = answering(lambda _: (b"", 0x9000))
    Channel(card).send(apdu.verify(bytearray(b"1234")))
    assert card.heard == [bytes.fromhex("002000800431323334")]
    assert card.buffers == [bytearray(9)]


def test_the_log_names_commands_and_status_words_and_nothing_else(
    answering: Answering, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel = Channel(answering(lambda apdu: (b"\xca\xfe", 0x9000) if apdu[1] == 0xB0 else (b"", 0x63C2)))
    channel.send(apdu.verify(bytearray(b"1234")))
    channel.send(apdu.read_binary(0, 2))
    assert caplog.messages == [
        "VERIFY 00 20 00 80 [4 bytes] → [0 bytes] 63C2",
        "READ BINARY 00 B0 00 00 → [2 bytes] 9000",
    ]
