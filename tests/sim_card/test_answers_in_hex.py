"""The simulated card against commands and answers from the facts of the card, written out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from device.domain.values import CardKind
from device.sim.card import Misbehaviour, OtherCard, PlaceableCard, SimulatedCard

SELECT_JPKI = "00A4040C 0A D392F000260100000001"
SELECT_SURFACE = "00A4040C 0A D3921000310001010402"
RIGHT, WRONG = "00200080 04 31323334", "00200080 04 30303030"
SIGN = "802A0080 33 3031300D060960864801650304020105000420" + "AB" * 32 + "00"
NUMBER_B, NUMBER_B_WRONG = "00200080 0E 3535303231373230333532323835", "00200080 0E 3535303231373230333532323836"

MakeCard = Callable[..., SimulatedCard]
Speak = Callable[[PlaceableCard], Callable[[str], str]]


# What OpenSC asks before it tries JPKI (facts of the card, 9.1); an answer of 9000 would stop it there.
PROBES = [
    ("00A40400 07 627601FF000000", "6A82"),
    ("00A40400 06 A00000000101", "6A82"),
    ("00A40400 0B E82B0601040181C31F0201 00", "6A82"),
    ("00A4040C 0F D23300000045737445494420763335", "6A82"),
    ("00CADF3005", "6D00"),
    ("00CB3FFF 03 5C017E 08", "6D00"),
    ("00A40400 09 A00000030800001000 00", "6A82"),
    ("00A4040C 07 A000000116DB00 00", "6A82"),
    ("00A4040C 07 A000000079010000", "6A82"),
    ("00A40400 0C F276A288BCFBA69D34F31001", "6A82"),
    ("00A40400 09 A00000039742544659 00", "6A82"),
    ("00A40400 06 D27600012401 00", "6A82"),
]


@pytest.mark.parametrize(("probe", "answer"), PROBES)
def test_what_it_does_not_know_it_refuses(make_card: MakeCard, speak: Speak, probe: str, answer: str) -> None:
    assert speak(make_card())(probe) == answer


def test_it_speaks_with_opensc_in_the_recorded_order(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    for probe, answer in PROBES:
        assert say(probe) == answer
    assert say(SELECT_JPKI) == "9000"
    assert (say("00A4020C 02 0018"), say("00200080")) == ("9000", "63C3")
    assert (say("00A4020C 02 001B"), say("00200080")) == ("9000", "63C5")
    for certificate in ("000A", "000B", "0002"):
        assert say(f"00A4020C 02 {certificate}") == "9000"
        header = say("00B0000004")
        assert header.startswith("3082")
        assert header.endswith("9000")
        size = int(header[4:8], 16) + 4
        for offset in range(0, size, 256):
            piece = min(size - offset, 256)
            assert len(say(f"00B0{offset:04X}{piece % 256:02X}")) == 2 * piece + 4
    assert (say("00A4020C 02 0001"), say("00B0000004")) == ("9000", "6982")
    assert (say("00A4020C 02 0018"), say(RIGHT)) == ("9000", "9000")
    assert say("00A4020C 02 0017") == "9000"
    signature = say(SIGN)
    assert len(signature) == 2 * 256 + 4
    assert signature.endswith("9000")


def test_the_token_information_has_160_bytes_and_a_label_of_32(make_card: MakeCard, speak: Speak) -> None:
    labels = {
        CardKind.PLASTIC: b"JPKIAPICCTOKEN2",
        CardKind.TEST: b"JPKIAPICCTOKEN2",
        CardKind.ANDROID: b"JPKIAPGPSETOKEN",
        CardKind.IPHONE: b"JPKIAPIOSTOKEN",
    }
    for kind, label in labels.items():
        say = speak(make_card(kind=kind))
        say(SELECT_JPKI)
        say("00A4020C 02 0006")
        information = bytes.fromhex(say("00B0000000"))
        assert len(information) == 160 + 2
        assert information[:32] == label.ljust(32)


def test_behind_the_content_of_a_file_comes_filler_and_behind_that_6b00(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_JPKI)
    say("00A4020C 02 000A")
    size = int(say("00B0000004")[4:8], 16) + 4
    assert say(f"00B0{size:04X}10") in {"FF" * 16 + "9000", "FF" * (-size % 256) + "9000"}
    end = (size // 256 + 1) * 256
    assert say(f"00B0{end - 1:04X}00") == "FF9000"
    assert say(f"00B0{end:04X}00") == "6B00"


def test_each_wrong_pin_counts_and_the_third_blocks(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    assert [say(WRONG), say("00200080"), say(WRONG), say(WRONG)] == ["63C2", "63C2", "63C1", "63C0"]
    assert [say("00200080"), say(RIGHT), say(WRONG)] == ["6984", "6984", "6984"]


def test_a_right_pin_fills_the_counter_up(make_card: MakeCard, speak: Speak) -> None:
    card = make_card(pin_tries=1)
    say = speak(card)
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    assert [say("00200080"), say(RIGHT), say("00200080")] == ["63C1", "9000", "63C3"]
    assert card.pin_tries_left == 3


def test_a_card_can_come_with_a_blocked_pin(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(pin_tries=0))
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    assert say("00200080") == "6984"


def test_a_wrong_pin_takes_back_a_right_one(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    assert [say(RIGHT), say(WRONG), say("00A4020C 02 0017"), say(SIGN)] == ["9000", "63C2", "9000", "6982"]


def test_a_verified_pin_outlives_reset_and_selection_and_ends_with_the_power(make_card: MakeCard, speak: Speak) -> None:
    card = make_card()
    say = speak(card)
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    say(RIGHT)
    for happening in (card.reset, lambda: say(SELECT_SURFACE), lambda: None):
        happening()
        say(SELECT_JPKI)
        say("00A4020C 02 0017")
        assert say(SIGN).endswith("9000")
    card.power_off()
    card.power_on()
    say(SELECT_JPKI)
    say("00A4020C 02 0017")
    assert say(SIGN) == "6982"


def test_counters_outlive_the_power(make_card: MakeCard, speak: Speak) -> None:
    card = make_card()
    say = speak(card)
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    say(WRONG)
    card.power_off()
    card.power_on()
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    assert say("00200080") == "63C2"


def test_the_signing_key_has_a_password_of_its_own(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(signing_password="SECRET9"))
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    say(RIGHT)
    assert [say("00A4020C 02 001A"), say(SIGN)] == ["9000", "6982"]
    assert [say("00A4020C 02 001B"), say("00200080 07 53454352455430")] == ["9000", "63C4"]
    assert say("00200080 07 53454352455439") == "9000"
    assert say("00A4020C 02 001A") == "9000"
    assert say(SIGN).endswith("9000")
    assert say("00A4020C 02 0001") == "9000"
    assert say("00B0000002") == "30829000"


def test_short_file_identifiers_name_files_without_a_selection(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_JPKI)
    assert say("00200098") == "63C3"
    assert say("00200098 04 31323334") == "9000"
    assert say(SIGN.replace("802A0080", "802A0097")).endswith("9000")
    assert say("00B08A0002") == "30829000"
    assert say("00B0000002") == "30829000"  # and make it the current one
    assert say("00B09E0002") == "6A82"


def test_the_face_opens_with_the_number_on_the_front_only(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_SURFACE)
    assert [say("00A4020C 02 0002"), say("00B0000007")] == ["9000", "6982"]
    assert [say("00A4020C 02 0012"), say("00200080")] == ["9000", "63CA"]
    assert [say(NUMBER_B_WRONG), say("00200080"), say(NUMBER_B)] == ["63C9", "63C9", "9000"]
    say("00A4020C 02 0002")
    assert say("00B0000007").startswith("FF2082")


def test_the_face_has_free_files_and_no_my_number(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_SURFACE)
    assert say("00A4020C 02 0003") == "9000"
    assert say("00B0000002") == "FF309000"
    assert say("00A4020C 02 0004") == "9000"
    assert say("00B000000A").startswith("7F218202335F4E820129")
    assert [say("00A4020C 02 0005"), say("00A4020C 02 0013")] == ["6A82", "6A82"]
    assert say("00A4040C 0A D3921000310001010408") == "6A82"


def test_internal_authentication_needs_no_secret_and_no_selected_file(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    assert say(SIGN.replace("802A0080", "802A0000")) == "6A86"
    say(SELECT_JPKI)
    assert say(SIGN.replace("802A0080", "802A0000")) == "6A86"
    say(SELECT_SURFACE)
    assert len(say(SIGN.replace("802A0080", "802A0000"))) == 2 * 256 + 4


@pytest.mark.parametrize("kind", [CardKind.ANDROID, CardKind.IPHONE])
def test_a_phone_has_no_face(make_card: MakeCard, speak: Speak, kind: CardKind) -> None:
    assert speak(make_card(kind=kind))(SELECT_SURFACE) == "6A82"


ODD = [
    ("00A40000", "6A86"),  # master file, before anything is selected
    ("00A40000 02 3F00", "6A82"),
    ("00A4010C 02 0006", "6A86"),
    ("00A4020C 02 0006", "6A82"),  # a file, before its application
    ("00B0000004", "6986"),
    ("00B0", "6700"),
    ("00B00000 02 01", "6700"),
    ("00B00000 00 0100", "6700"),  # extended length
    ("00B00000 01 AABB CC", "6700"),
    ("00200180", "6A86"),
    ("00200000", "6A86"),
    ("00200080", "6986"),
    ("00C0000000", "6D00"),
    ("805A0000", "6D00"),
    ("01A40400 00", "6881"),
    ("0CA40400 00", "6E00"),
    ("A0A40000 02 3F00", "6E00"),
    ("802A0180 01 AA 00", "6A86"),
]


@pytest.mark.parametrize(("command", "answer"), ODD)
def test_an_odd_command_meets_the_status_word_of_a_real_card(
    make_card: MakeCard, speak: Speak, command: str, answer: str
) -> None:
    assert speak(make_card())(command) == answer


def test_commands_that_do_not_fit_the_file_are_refused(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card())
    say(SELECT_JPKI)
    assert say("00A40000") == "9000"  # inside an application the master file is no effect
    say("00A4020C 02 0018")
    assert say("00B0000004") == "6981"
    assert say(SIGN) == "6981"
    say("00A4020C 02 000A")
    assert say("00200080") == "6981"
    assert say("00B00000") == "6700"
    say("00A4020C 02 0018")
    say(RIGHT)
    say("00A4020C 02 0017")
    assert say("802A0080 00") == "6700"
    assert say("802A0080 F6" + "AA" * 246) == "6700"


def test_the_stand_in_is_a_door_of_its_own_and_closes_with_the_power(make_card: MakeCard, speak: Speak) -> None:
    card = make_card()
    say = speak(card)
    select_stand_in = "00A4040C 0D F0" + b"UKETSUKE-SIM".hex()
    assert [say(select_stand_in), say("805A0001"), say("805A0000")] == ["9000", "6A86", "9000"]
    say(SELECT_JPKI)
    say("00A4020C 02 0017")
    assert say(SIGN).endswith("9000")
    say("00A4020C 02 001A")
    assert say(SIGN) == "6982"  # it opens the key for user authentication, not the one for digital signature
    card.power_off()
    card.power_on()
    say(SELECT_JPKI)
    say("00A4020C 02 0017")
    assert say(SIGN) == "6982"


def test_a_card_without_the_stand_in_does_not_know_it(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(knows_stand_in=False))
    assert say("00A4040C 0D F0" + b"UKETSUKE-SIM".hex()) == "6A82"


def test_another_card_knows_nothing(speak: Speak) -> None:
    card = OtherCard()
    say = speak(card)
    assert {say(command) for command in (SELECT_JPKI, SELECT_SURFACE, "00200080", "00")} == {"6A82"}
    card.reset()
    card.power_off()


def test_an_answer_in_parts_waits_for_get_response_and_is_dropped_by_another_command(
    make_card: MakeCard, speak: Speak
) -> None:
    say = speak(make_card(misbehaviour=Misbehaviour(largest_part=20)))
    say(SELECT_JPKI)
    say("00A4020C 02 0006")
    assert say("00B0000030") == "6114"
    assert say("00C0000014") == b"JPKIAPICCTOKEN2     ".hex().upper() + "6114"
    assert say("00B0000010") == "6110"
    assert say("00C0000010") == b"JPKIAPICCTOKEN2 ".hex().upper() + "9000"
    assert say("00C0000010") == "6D00"
