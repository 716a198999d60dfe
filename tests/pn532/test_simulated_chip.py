"""The simulated chip in raw bytes, without our driver: as manual, a maker's wiki and nfcpy have it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from device.sim.card import SimulatedCard
from device.sim.card.other_cards import OtherCard
from device.sim.pn532 import CardField, Kind, Misbehaviour, SimulatedChip, Trouble

MakeCard = Callable[..., SimulatedCard]

ACK = "0000FF00FF00"
WAKE = "5555" + "00" * 30
SAM = "0000FF03FDD414011700"
NO_WAITING = "0000FF06FAD43205FF0101F400"
LIST_B = "0000FF05FBD44A010300DE00"
LIST_A = "0000FF04FCD44A0100E100"


def say(chip: SimulatedChip, *frames: str) -> str:
    return b"".join(speech or b"" for frame in frames for speech in chip.hear(bytes.fromhex(frame))).hex().upper()


@pytest.fixture
def field() -> CardField:
    return CardField()


@pytest.fixture
def chip(field: CardField) -> SimulatedChip:
    """A chip that is awake, configured and does not wait for cards for ever."""
    chip = SimulatedChip(field)
    say(chip, WAKE, SAM, NO_WAITING)
    return chip


def test_a_makers_first_words_wake_the_chip_and_are_answered_as_its_wiki_says() -> None:
    # The wiki's frame has fewer zeros; the data sheet's worst case of 2 ms needs these.
    awake = SimulatedChip(CardField())
    assert say(awake, WAKE + "FF03FDD414011700") == "0000FF00FF00" + "0000FF02FED5151600"


def test_a_chip_that_nobody_woke_hears_nothing() -> None:
    asleep = SimulatedChip(CardField())
    assert say(asleep, "FFFF") == ""
    assert say(asleep, "0000FF02FED4022A00") == ""


def test_ten_zeros_wake_it_too_but_what_follows_at_once_is_lost() -> None:
    chip = SimulatedChip(CardField())
    assert say(chip, "00" * 10 + "0000FF02FED4022A00") == ""
    assert say(chip, "00" * 20 + "0000FF02FED4022A00") == ACK + "0000FF06FAD50332010607E800"


def test_the_firmware_is_that_of_the_manual(chip: SimulatedChip) -> None:
    assert say(chip, "0000FF02FED4022A00") == ACK + "0000FF06FAD50332010607E800"
    assert say(chip, "0000FFFFFF0002FED4022A00") == ACK + "0000FF06FAD50332010607E800"


def test_what_it_does_not_understand_is_answered_by_the_error_frame(chip: SimulatedChip) -> None:
    assert say(chip, "0000FF02FED4FE2E00") == ACK + "0000FF01FF7F8100"
    assert say(chip, "0000FF04FCD44A0103DE00") == ACK + "0000FF01FF7F8100"  # type B without an AFI


def test_a_command_with_a_wrong_checksum_is_not_taken(chip: SimulatedChip) -> None:
    assert say(chip, "0000FF02FED4022B00") == ""
    assert say(chip, "0000FF02FDD4022A00") == ""
    assert say(chip, "0000FF02FED4022A00").startswith(ACK)


def test_nack_asks_for_the_last_answer_again_and_ack_for_nothing(chip: SimulatedChip) -> None:
    answer = say(chip, "0000FF02FED4022A00").removeprefix(ACK)
    assert say(chip, "0000FFFF0000") == answer
    assert say(chip, "0000FF00FF00") == ""


def test_an_empty_field_lists_nobody(chip: SimulatedChip) -> None:
    assert say(chip, LIST_B) == ACK + "0000FF03FDD54B00E000"


def test_without_a_limit_it_waits_for_a_card_for_ever() -> None:
    chip = SimulatedChip(CardField())
    say(chip, WAKE, SAM)
    assert say(chip, LIST_B) == ACK


def test_a_type_b_card_introduces_itself_by_atqb_and_the_answer_to_attrib(
    chip: SimulatedChip, field: CardField, make_card: MakeCard
) -> None:
    field.place(make_card())
    listed = say(chip, LIST_B).removeprefix(ACK)
    # D5 4B, one card, its number, ATQB (50, PUPI, application data, protocol info), one byte of answer to ATTRIB.
    assert listed[10:-4] == "D54B010150E8253EEC000005E0B381A10100"
    assert say(chip, LIST_A) == ACK + "0000FF03FDD54B00E000"


def test_a_type_a_card_is_listed_as_nfcpy_recorded_one(chip: SimulatedChip, field: CardField) -> None:
    field.place(OtherCard(), Kind.TYPE_A)
    assert say(chip, LIST_B) == ACK + "0000FF03FDD54B00E000"
    assert say(chip, LIST_A).removeprefix(ACK)[10:-4] == "D54B0101004400070416C6C2D73881"


def test_a_command_goes_to_the_card_and_its_answer_comes_back(
    chip: SimulatedChip, field: CardField, make_card: MakeCard
) -> None:
    field.place(make_card())
    say(chip, LIST_B)
    select = "0000FF12EED4400100A4040C0AD392F000260100000001B000"
    assert say(chip, select) == ACK + "0000FF05FBD5410090005A00"


def test_a_card_that_nobody_activated_gets_no_command(
    chip: SimulatedChip, field: CardField, make_card: MakeCard
) -> None:
    field.place(make_card())
    assert say(chip, "0000FF03FDD44001EB00") == ACK + "0000FF03FDD54127C300"


def test_presence_is_told_by_the_attention_request(chip: SimulatedChip, field: CardField, make_card: MakeCard) -> None:
    attention = "0000FF03FDD400062600"
    assert say(chip, attention) == ACK + "0000FF03FDD501012900"
    field.place(make_card())
    say(chip, LIST_B)
    assert say(chip, attention) == ACK + "0000FF03FDD501002A00"
    field.lift()
    assert say(chip, attention) == ACK + "0000FF03FDD501012900"


def test_the_field_is_on_from_listing_until_it_is_switched_off(chip: SimulatedChip, field: CardField) -> None:
    assert not field.on
    say(chip, LIST_B)
    assert field.on
    assert say(chip, "0000FF04FCD4320100F900") == ACK + "0000FF02FED533F800"
    assert not field.on


def test_before_it_is_configured_it_finds_nobody(field: CardField, make_card: MakeCard) -> None:
    field.place(make_card())
    chip = SimulatedChip(field)
    say(chip, WAKE, NO_WAITING)
    assert say(chip, LIST_B) == ACK + "0000FF03FDD54B00E000"


def test_a_restart_forgets_everything_and_sleeps(field: CardField, make_card: MakeCard) -> None:
    field.place(make_card())
    chip = SimulatedChip(field, [Misbehaviour(Trouble.RESET, command=0x02)])
    say(chip, WAKE, SAM, NO_WAITING, LIST_B)
    assert say(chip, "0000FF02FED4022A00") == ""
    assert not field.on
    assert say(chip, "FFFF") == ""
    assert say(chip, WAKE, "0000FF02FED4022A00").startswith(ACK)
