"""Hands and ears: the language key, speech that is not cut off, and what happens when keys, lines or the voice fail."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from device.app.panel_desk import UNFINISHED_ENTRIES
from device.app.world import World
from device.domain.errors import Fault
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.reception.states import AskingPin, Idle, Settled
from device.sim.card import SimulatedCard
from device.wire.phrases import say

MakeCard = Callable[..., SimulatedCard]
BuildWorld = Callable[..., World]

JAPANESE_SECONDS_PER_CHARACTER = 0.2


@pytest.fixture
def world(build_world: BuildWorld) -> World:
    """A unit without a camera: every visit goes by PIN."""
    return build_world(face=None)


def said_last(world: World) -> str:
    return world.voice.said[-1].text


def hold(world: World, key: str, seconds: float) -> None:
    world.keypad.press(key)
    world.watch_keys(seconds)
    world.keypad.release(key)
    world.watch_keys(0.1)


# --- language --------------------------------------------------------------------------------------------------------


def test_holding_the_star_key_says_the_same_again_in_english_and_the_typed_digits_stay(
    world: World, make_card: MakeCard
) -> None:
    world.place(make_card())
    world.type_keys("12")

    hold(world, "*", 1.2)

    assert isinstance(world.state, AskingPin)
    assert said_last(world) == say(Phrase.ENTER_PIN, "en", tries_left=3)
    world.type_keys("34#")
    assert "May this clinic see" in said_last(world)
    world.type_keys("#")
    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.QUALIFIED
    assert "Please take your card" in said_last(world)


def test_the_next_visitor_is_spoken_to_in_the_language_of_the_unit(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    hold(world, "*", 1.2)
    assert world.voice.said[-1].language == "en"
    world.lift()
    world.pass_time(10)
    assert isinstance(world.state, Idle)

    world.place(make_card())

    assert world.voice.said[-1].language == "ja"


def test_a_language_chosen_before_the_card_holds_for_that_visit_and_not_for_ever(
    world: World, make_card: MakeCard
) -> None:
    hold(world, "*", 1.2)
    assert said_last(world) == say(Phrase.PLACE_CARD, "en")
    world.pass_time(5)
    world.place(make_card())
    assert world.voice.said[-1].language == "en"
    world.lift()
    world.pass_time(10)

    hold(world, "*", 1.2)
    for _ in range(40):
        world.pass_time(1)
    world.place(make_card())
    assert world.voice.said[-1].language == "ja"


def test_a_star_that_is_only_pressed_clears_and_cancels_as_ever(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    world.type_keys("12*34*")
    assert isinstance(world.state, AskingPin)
    world.type_keys("*")
    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.CANCELLED
    assert {said.language for said in world.voice.said} == {"ja"}


# --- listening -------------------------------------------------------------------------------------------------------


def test_a_long_question_is_heard_to_its_end_and_silence_never_lasts_eight_seconds(
    build_world: BuildWorld, make_card: MakeCard
) -> None:
    world = build_world(face=None, seconds_per_character=JAPANESE_SECONDS_PER_CHARACTER)
    world.place(make_card())
    world.type_keys("1234#")
    world.pass_time(60)

    lasts = {said: len(said.text) * JAPANESE_SECONDS_PER_CHARACTER for said in world.voice.said}
    asked = [said for said in world.voice.said if "見せてもよいですか" in said.text]
    assert len(asked) > 1, "it is asked again"
    assert lasts[asked[0]] > world.policy.patience_s, "and takes longer than patience"
    for said, following in itertools.pairwise(asked):
        assert 0 <= following.at_s - (said.at_s + lasts[said]) <= 8


def test_a_key_that_answers_silences_the_question(build_world: BuildWorld, make_card: MakeCard) -> None:
    world = build_world(face=None, seconds_per_character=JAPANESE_SECONDS_PER_CHARACTER)
    world.place(make_card())
    assert world.voice.stopped_at_s == []
    world.type_keys("1")
    assert len(world.voice.stopped_at_s) == 1
    world.type_keys("2")
    assert len(world.voice.stopped_at_s) == 1, "what is silent need not be silenced"


def test_without_a_voice_lamps_carry_the_visit_and_health_says_so(world: World, make_card: MakeCard) -> None:
    world.voice.trouble = Fault("no voice: no such device", part="voice", reason=Reason.VOICE_FAULT)
    world.place(make_card())
    world.watch_keys(0.1)
    assert Reason.VOICE_FAULT in world.unit.health.troubles
    assert world.indicators.levels == {"keys": True}

    world.type_keys("1234##")

    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.QUALIFIED
    world.voice.trouble = None
    world.pass_time(1)
    assert not world.unit.health.troubles


def test_when_lamps_fail_the_voice_carries_the_visit_and_health_says_so(world: World, make_card: MakeCard) -> None:
    world.indicators.trouble = Fault("lamps and buzzer do not answer", part="panel", reason=Reason.PANEL_FAULT)
    world.place(make_card())
    world.type_keys("1234##")

    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.QUALIFIED
    assert Reason.PANEL_FAULT in world.unit.health.troubles


# --- digits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["cancel", "removal", "time-out", "card fails"])
def test_digits_typed_before_an_ending_are_gone(world: World, make_card: MakeCard, ending: str) -> None:
    card = make_card()
    world.place(card)
    world.type_keys("12")
    match ending:
        case "cancel":
            world.type_keys("**")
        case "removal":
            world.lift()
        case "time-out":
            world.pass_time(60)
        case _:
            world.reader.break_down()
            world.pass_time(1)
            world.reader.repair()
    assert isinstance(world.state, Settled)
    world.lift()
    world.pass_time(10)

    world.place(make_card())
    world.type_keys("34#")

    assert isinstance(world.state, AskingPin), "two digits are too few: the first two did not stay"
    assert card.pin_tries_left == 3


def test_lamps_and_buzzer_do_the_same_for_every_digit(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    world.pass_time(3)
    seen = []
    for digit in "1234567890":
        start_s, before = world.clock.monotonic_s(), len(world.indicators.changes)
        world.type_keys(digit)
        seen.append([(round(at_s - start_s, 2), levels) for at_s, levels in world.indicators.changes[before:]])
        world.type_keys("*")

    heard = {tuple(levels.get("buzzer", False) for _, levels in each) for each in seen}
    lamps = {tuple(tuple(sorted(levels.keys() - {"buzzer"})) for _, levels in each) for each in seen}
    assert heard == {(True, False)}
    assert lamps == {(("keys",), ("keys",))}
    lengths = [each[1][0] - each[0][0] for each in seen]
    assert max(lengths) - min(lengths) <= 0.01


# --- what breaks -----------------------------------------------------------------------------------------------------


def test_a_line_that_broke_is_suspected_when_nobody_can_finish_and_forgiven_when_somebody_can(
    world: World, make_card: MakeCard
) -> None:
    world.keypad.break_row(0)
    for _ in range(UNFINISHED_ENTRIES):
        world.place(make_card())
        world.type_keys("1234#")
        world.pass_time(120)
        assert isinstance(world.state, Settled)
        assert world.state.reason is Reason.TIMED_OUT
        world.lift()
        world.pass_time(10)
    assert set(world.unit.health.troubles) == {Reason.KEYPAD_FAULT}

    world.keypad.mend()
    world.place(make_card())
    world.type_keys("1234##")
    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.QUALIFIED
    world.pass_time(1)
    assert not world.unit.health.troubles


def test_a_key_that_is_held_counts_once_and_the_visit_goes_on(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    hold(world, "1", 8.0)
    world.type_keys("234##")

    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.QUALIFIED


def test_a_keypad_that_does_not_answer_is_reported_until_it_does(world: World, make_card: MakeCard) -> None:
    world.keypad.trouble = Fault("the keypad does not answer", part="panel", reason=Reason.KEYPAD_FAULT)
    world.pass_time(1)
    assert set(world.unit.health.troubles) == {Reason.KEYPAD_FAULT}

    world.keypad.trouble = None
    world.place(make_card())
    assert not world.unit.health.troubles
