"""Visits by PIN."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from device.app.world import World
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import CardKind, Method
from device.reception import Policy, Settled
from device.reception.questions import Topic
from device.reception.states import AskingPin
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]


def command_of_the_pin(world: World, make_card: MakeCard, **options: Any) -> int:  # noqa: ANN401  make_card's own
    """Which command, counted from power-up, carries the PIN in a visit by PIN."""
    for number in range(1, 60):
        card = make_card(misbehaviour=Misbehaviour(leaves_after=number), **options)
        world.place(card)
        if isinstance(world.state, AskingPin):
            world.type_keys("9876#")
        world.lift()
        world.pass_time(10)
        if card.pin_tries_left < 3:
            return number
    raise AssertionError("no PIN was sent")


def test_by_pin_after_one_wrong_try(world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult) -> None:
    card = make_card(portrait=photo("obama"))
    world.place(card)
    world.type_keys("#")
    assert world.has_said(Phrase.ENTER_PIN, tries_left=3)
    world.type_keys("9876#")
    assert world.has_said(Reason.PIN_WRONG, tries_left=2)
    assert card.pin_tries_left == 2
    world.type_keys("1234#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["assurance"] == "pin_signature"
    assert card.pin_tries_left == 3


def test_a_blocked_pin_leads_to_the_face(build_world: Build, make_card: MakeCard, photo: PhotoOf) -> None:
    world = build_world(policy=Policy(first_method=Method.PIN))
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), pin_tries=0))
    assert world.has_said(Reason.PIN_BLOCKED)
    assert world.asks(Topic.CONSENT)


def test_a_blocked_pin_and_no_face_end_at_the_desk(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show()
    world.place(make_card(portrait=photo("obama"), pin_tries=0))
    assert world.has_ended_with(Reason.PIN_BLOCKED)
    assert world.has_said(Reason.FACE_NOT_FOUND)


def test_the_last_try_is_spent_only_after_a_yes(world: World, make_card: MakeCard, last_result: LastResult) -> None:
    card = make_card(pin_tries=1)
    world.place(card)
    assert world.asks(Topic.LAST_TRY)
    assert world.has_said(Phrase.LAST_TRY)
    world.type_keys("*")
    assert world.has_ended_with(Reason.PIN_LAST_TRY)
    assert card.pin_tries_left == 1
    assert last_result()["reason"] == "pin_last_try"


def test_whoever_insists_on_the_last_try_and_errs_is_told_that_the_pin_is_blocked(
    world: World, make_card: MakeCard
) -> None:
    card = make_card(pin_tries=1)
    world.place(card)
    world.type_keys("#")
    world.type_keys("9876#")
    assert world.has_ended_with(Reason.PIN_BLOCKED)
    assert card.pin_tries_left == 0


@pytest.mark.parametrize(
    ("typed", "tries", "left"), [("9876#", 3, 2), ("9876#", 2, 1), ("9876#", 1, 0), ("1234#", 3, 3)]
)
def test_after_contact_broke_on_the_pin_the_card_is_asked_before_anything_is_said(
    build_world: Build, make_card: MakeCard, last_result: LastResult, typed: str, tries: int, left: int
) -> None:
    world = build_world(policy=Policy(first_method=Method.PIN), face=None)
    at = command_of_the_pin(world, make_card)
    card = make_card(pin_tries=tries, misbehaviour=Misbehaviour(loses_contact_at=at))
    world.place(card)
    if tries == 1:
        world.type_keys("#")
    world.type_keys(typed)
    assert card.pin_tries_left == left, "sent once, counted once"
    match left:
        case 0:
            assert world.has_ended_with(Reason.PIN_BLOCKED)
            return
        case 1:
            assert world.asks(Topic.LAST_TRY)
            world.type_keys("#")
        case _:
            assert world.has_said(Phrase.ENTER_PIN, tries_left=left)
    assert world.has_said(Reason.PIN_UNANSWERED)
    world.type_keys("1234#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["assurance"] == "pin_signature"


def test_a_phone_that_lost_contact_on_the_pin_could_be_another_phone_so_the_visit_ends(
    world: World, make_card: MakeCard
) -> None:
    at = command_of_the_pin(world, make_card, kind=CardKind.ANDROID)
    card = make_card(kind=CardKind.ANDROID, misbehaviour=Misbehaviour(loses_contact_at=at))
    world.place(card)
    world.type_keys("9876#")
    assert world.has_ended_with(Reason.CARD_REMOVED)
    assert card.pin_tries_left == 2


def test_the_star_key_cancels(world: World, make_card: MakeCard, last_result: LastResult) -> None:
    world.place(make_card())
    world.type_keys("12*")  # clears what was typed
    assert isinstance(world.state, AskingPin)
    world.type_keys("*")
    assert world.has_ended_with(Reason.CANCELLED)
    assert last_result()["reason"] == "cancelled"


def test_silence_at_the_pin_is_bounded_and_never_longer_than_eight_seconds(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    world.pass_time(60)
    assert isinstance(world.state, Settled)
    assert world.state.reason is Reason.TIMED_OUT
    spoken = [said.at_s for said in world.voice.said]
    assert max(later - earlier for earlier, later in itertools.pairwise(spoken)) <= 8


def test_a_slow_typist_is_not_hurried(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    for digit in "1234":
        world.pass_time(40)
        world.type_keys(digit)
    world.pass_time(40)
    world.type_keys("#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)


def test_nobody_hears_a_digit_and_all_keys_sound_the_same(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    before = len(world.voice.said)
    world.type_keys("1234")
    assert len(world.voice.said) == before
    assert "1234" not in repr(world.happenings)
