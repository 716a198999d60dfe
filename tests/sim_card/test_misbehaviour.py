from __future__ import annotations

from collections.abc import Callable

import pytest

from device.domain.errors import CardLost
from device.sim.card import Misbehaviour, PlaceableCard, SimulatedCard

SELECT_JPKI = "00A4040C 0A D392F000260100000001"
MakeCard = Callable[..., SimulatedCard]
Speak = Callable[[PlaceableCard], Callable[[str], str]]


def test_a_card_leaves_after_so_many_answers_and_comes_back_with_the_power(make_card: MakeCard, speak: Speak) -> None:
    card = make_card(misbehaviour=Misbehaviour(leaves_after=2))
    say = speak(card)
    assert [say(SELECT_JPKI), say("00A4020C 02 0006")] == ["9000", "9000"]
    for _ in range(2):
        with pytest.raises(CardLost):
            say("00B0000020")
    card.power_off()
    card.power_on()
    assert say(SELECT_JPKI) == "9000"


def test_noise_is_the_same_in_every_run_and_claims_success_every_other_time(make_card: MakeCard, speak: Speak) -> None:
    first, second = (speak(make_card(misbehaviour=Misbehaviour(garbage_from=2))) for _ in range(2))
    assert first(SELECT_JPKI) == second(SELECT_JPKI) == "9000"
    heard = [first(SELECT_JPKI) for _ in range(10)]
    assert heard == [second(SELECT_JPKI) for _ in range(10)]
    assert [answer.endswith("9000") for answer in heard] == [True, False] * 5


def test_the_first_command_after_power_up_fails_and_only_that(make_card: MakeCard, speak: Speak) -> None:
    card = make_card(misbehaviour=Misbehaviour(error_after_power_up=True))
    say = speak(card)
    assert [say(SELECT_JPKI), say(SELECT_JPKI)] == ["6F00", "9000"]
    card.power_on()
    assert [say(SELECT_JPKI), say(SELECT_JPKI)] == ["6F00", "9000"]


def test_short_reads_and_corrected_lengths(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(misbehaviour=Misbehaviour(largest_read=3, largest_le=16)))
    say(SELECT_JPKI)
    say("00A4020C 02 0006")
    assert say("00B0000000") == "6C10"
    assert say("00B0000010") == "4A504B9000"


def test_a_hidden_counter_hides_in_the_answer_to_a_wrong_pin_only(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(misbehaviour=Misbehaviour(counter_hidden=True)))
    say(SELECT_JPKI)
    say("00A4020C 02 0018")
    assert [say("00200080 04 30303030"), say("00200080")] == ["6300", "63C2"]


def test_a_lie_about_the_length_stands_in_every_object(make_card: MakeCard, speak: Speak) -> None:
    say = speak(make_card(misbehaviour=Misbehaviour(claimed_length=0x01020304)))
    say(SELECT_JPKI)
    say("00A4020C 02 000A")
    assert say("00B0000006") == "3084010203049000"
    say("00A4040C 0A D3921000310001010402")
    say("00A4020C 02 0012")
    say("00200080 0E 3535303231373230333532323835")
    say("00A4020C 02 0002")
    assert say("00B0000007") == "FF2084010203049000"


def test_a_mute_card_has_no_answer_to_reset(make_card: MakeCard) -> None:
    assert make_card(misbehaviour=Misbehaviour(mute=True)).atr == b""
