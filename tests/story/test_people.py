"""Who else comes: infants and guardians, the next in line, whoever goes away, and hands that do everything at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from device.app.world import World
from device.domain.reasons import Reason
from device.reception import Idle, Settled
from device.reception.states import AskingPin
from device.sim.card import OtherCard, SimulatedCard
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
AllResults = Callable[[], list[dict[str, Any]]]
LastResult = Callable[[], dict[str, Any]]
VisitByFace = Callable[..., None]


def test_an_infants_card_has_no_photo_and_the_guardian_types_the_pin(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world.show(photo("obama2"), photo("biden"))
    world.place(make_card(1012, portrait=None))
    assert world.has_said(Reason.PORTRAIT_MISSING)
    world.type_keys("1234#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["assurance"] == "pin_signature"


def test_the_next_in_line_who_is_early_is_told_and_both_are_served_one_after_the_other(
    world: World, make_card: MakeCard, visit_by_face: VisitByFace, all_results: AllResults
) -> None:
    world.place(make_card(), make_card(1012))
    assert world.has_ended_with(Reason.SEVERAL_CARDS)
    world.lift()
    visit_by_face(world)
    world.lift()
    visit_by_face(world, 1012)
    assert [result["reason"] for result in all_results()] == ["several_cards", "qualified", "qualified"]
    first, second = (r["qualification"]["ResultOfQualificationConfirmation"][0]["Name"] for r in all_results()[1:])
    assert first != second


def test_whoever_walks_away_leaves_nothing_but_a_card_that_is_called_after(
    world: World, make_card: MakeCard, all_results: AllResults
) -> None:
    world.place(make_card())
    world.pass_time(300)
    assert isinstance(world.state, Settled)
    assert world.has_said(Reason.CARD_LEFT_BEHIND)
    assert [result["reason"] for result in all_results()] == ["timed_out"]
    world.lift()
    assert isinstance(world.state, Idle)


@pytest.mark.parametrize("keys", ["*", "12**"])
def test_star_cancels_at_the_pin_and_taking_the_card_cancels_anywhere(
    world: World, make_card: MakeCard, all_results: AllResults, keys: str
) -> None:
    world.place(make_card())
    world.type_keys(keys)
    world.lift()
    world.place(make_card())
    world.lift()
    assert [result["reason"] for result in all_results()] == ["cancelled", "card_removed"]


def test_ten_cards_a_minute_are_ten_visits_with_an_ending_each(
    world: World, make_card: MakeCard, all_results: AllResults
) -> None:
    cards = [make_card(1001 + number % 4) for number in range(10)]
    for number, card in enumerate(cards):
        world.place(OtherCard() if number == 5 else card)
        world.pass_time(4)
        world.lift()
        world.pass_time(2)
    world.pass_time(30)
    assert isinstance(world.state, Idle)
    assert len(all_results()) == 10
    assert {result["reason"] for result in all_results()} == {"card_removed", "card_unknown"}
    assert len({result["reception"] for result in all_results()}) == 10


@pytest.mark.parametrize("keys", ["111111111111111", "*#*#*#*#", "0#0#0#0#0#", "1234567890*#", "##########"])
def test_keys_mashed_at_any_moment_cost_no_pin_try_that_was_not_entered_as_four_digits_and_hash(
    world: World, make_card: MakeCard, photo: PhotoOf, keys: str
) -> None:
    world.show(photo("obama2"))
    card = make_card(portrait=photo("obama"))
    world.type_keys(keys)
    world.place(card)
    world.type_keys(keys)
    world.pass_time(120)
    assert isinstance(world.state, Settled)
    assert card.pin_tries_left == 3
    world.lift()
    assert isinstance(world.state, Idle)


def test_a_cut_wire_of_the_keypad_leaves_the_way_by_face(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    for row in range(4):
        world.keypad.break_row(row)
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    world.type_keys("#")
    world.pass_time(60)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert not any(last_result()["consents"].values()), "nobody could say yes"


def test_with_a_cut_wire_and_no_face_the_visit_ends_in_time(world: World, make_card: MakeCard) -> None:
    world.keypad.break_column(1)
    world.place(make_card())
    assert isinstance(world.state, AskingPin)
    world.type_keys("2580#")
    world.pass_time(120)
    assert world.has_ended_with(Reason.TIMED_OUT)
