"""What visitors are asked, and what becomes of each answer and of silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from device.app.world import World
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem, ConsentMode
from device.reception import Idle, Policy, Settled
from device.reception.questions import Topic
from device.reception.states import Asking, Returning
from device.sim.card import SimulatedCard
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]
AllResults = Callable[[], list[dict[str, Any]]]
VisitByFace = Callable[..., None]

REGISTRABLE, SUBSIDY, SUBSIDY_ENDED = 1013, 1014, 1015


def come(world: World, make_card: MakeCard, photo: PhotoOf, serial: int = 1001) -> SimulatedCard:
    """Place the card and look at the camera, up to the first question."""
    world.show(photo("obama2"))
    card = make_card(serial, portrait=photo("obama"))
    world.place(card)
    assert isinstance(world.state, Asking)
    return card


def test_silence_to_the_question_of_consent_is_no(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    come(world, make_card, photo)
    world.pass_time(60)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": False, "TKK": False}


@pytest.mark.parametrize("clinic_asks", [{"consent_mode": ConsentMode.ITEM_BY_ITEM}])
def test_item_by_item_each_has_its_own_answer(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    come(world, make_card, photo)
    assert world.has_said(Phrase.ASK_CONSENT, items=(ConsentItem.MEDICATION,))
    world.type_keys("#")
    assert world.has_said(Phrase.ASK_CONSENT, items=(ConsentItem.CHECKUP,))
    world.type_keys("*")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": True, "TKK": False}
    (person,) = last_result()["qualification"]["ResultOfQualificationConfirmation"]
    assert (person["PharmacistsInfoConsFlg"], person["SpecificHealthCheckupsInfoConsFlg"]) == ("1", "0")


def test_a_yes_counts_for_a_day_and_a_change_of_mind_is_the_card_placed_again(
    world: World, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    for key in "#*":
        come(world, make_card, photo)
        world.type_keys(key)
        assert world.has_ended_with(Reason.QUALIFIED)
        world.lift()
    first, second = all_results()
    assert first["consents"] == {"YZK": True, "TKK": True}
    assert second["consents"] == {"YZK": False, "TKK": False}
    (person,) = first["qualification"]["ResultOfQualificationConfirmation"]
    assert int(person["PharmacistsInfoAvailableTime"]) - int(person["PharmacistsInfoConsTime"]) >= 1_000_000


@pytest.mark.parametrize("digit", "037")
def test_any_other_digit_asks_again_and_gives_all_the_time_again(
    world: World, make_card: MakeCard, photo: PhotoOf, digit: str
) -> None:
    come(world, make_card, photo)
    for _ in range(10):
        world.pass_time(Policy().consent_s - 1)
        world.type_keys(digit)
    assert world.asks(Topic.CONSENT)
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)


# --- the card as an answer --------------------------------------------------------------------------------------------


@pytest.fixture
def by_card(build_world: Build) -> World:
    return build_world(policy=Policy(consent_by_card=True))


def test_where_the_clinic_allows_it_lifting_and_placing_the_card_is_a_yes_without_any_key(
    by_card: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    card = come(by_card, make_card, photo)
    assert by_card.has_said(Phrase.ASK_CONSENT_BY_CARD, items=(ConsentItem.MEDICATION, ConsentItem.CHECKUP))
    by_card.lift()
    assert isinstance(by_card.state, Returning)
    by_card.place(card)
    assert by_card.has_ended_with(Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": True, "TKK": True}


def test_whoever_lifts_the_card_and_goes_has_agreed_to_nothing(
    by_card: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    come(by_card, make_card, photo)
    by_card.lift()
    by_card.pass_time(30)
    assert by_card.state == Idle()
    assert last_result()["reason"] == "card_removed"
    assert last_result()["consents"] == {}


def test_another_card_in_its_place_voids_the_visit_and_begins_its_own(
    by_card: World, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    come(by_card, make_card, photo)
    by_card.lift()
    by_card.place(make_card(1012, portrait=photo("obama")))
    assert [result["reason"] for result in all_results()] == ["card_changed"]
    assert all_results()[0]["consents"] == {}
    by_card.type_keys("#")
    assert by_card.has_ended_with(Reason.QUALIFIED)


@pytest.mark.parametrize("clinic_asks", [{"consent_mode": ConsentMode.ITEM_BY_ITEM}])
def test_one_by_one_a_lifted_card_answers_nothing(by_card: World, make_card: MakeCard, photo: PhotoOf) -> None:
    come(by_card, make_card, photo)
    by_card.lift()
    assert by_card.has_ended_with(Reason.CARD_REMOVED)


# --- registration, subsidy, prescription, reading back ----------------------------------------------------------------


def test_a_card_that_is_no_insurance_card_yet_becomes_one_on_the_spot(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    come(world, make_card, photo, REGISTRABLE)
    assert world.asks(Topic.REGISTRATION)
    world.type_keys("#")
    assert world.asks(Topic.CONSENT)
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert world.has_said(Reason.REGISTERED_NOW)
    assert last_result()["notices"] == ["registered_now"]


@pytest.mark.parametrize("answer", ["*", "silence"])
def test_nobody_is_registered_who_does_not_say_yes(
    world: World, make_card: MakeCard, photo: PhotoOf, answer: str
) -> None:
    come(world, make_card, photo, REGISTRABLE)
    if answer == "silence":
        world.pass_time(60)
    else:
        world.type_keys(answer)
    assert world.has_ended_with(Reason.NOT_REGISTERED)


@pytest.mark.parametrize(("key", "used", "notices"), [("#", True, []), ("*", False, ["public_expense_declined"])])
def test_a_subsidy_is_used_or_not_as_its_holder_says(
    world: World,
    make_card: MakeCard,
    photo: PhotoOf,
    last_result: LastResult,
    key: str,
    used: bool,  # noqa: FBT001  a table of cases
    notices: list[str],
) -> None:
    come(world, make_card, photo, SUBSIDY)
    world.type_keys("#")
    assert world.asks(Topic.PUBLIC_EXPENSE)
    world.type_keys(key)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert (last_result()["public_expense"], last_result()["notices"]) == (used, notices)


def test_a_subsidy_whose_period_is_over_is_told_apart_from_one_that_was_declined(
    world: World, visit_by_face: VisitByFace, last_result: LastResult
) -> None:
    visit_by_face(world, SUBSIDY_ENDED)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert (last_result()["public_expense"], last_result()["notices"]) == (None, ["public_expense_ended"])


@pytest.mark.parametrize("clinic_asks", [{"ask_prescription": True, "ask_consent": ()}])
@pytest.mark.parametrize(("keys", "chosen"), [("1", "1"), ("2", "2"), ("*", "2"), ("#1", "1"), ("91", "1"), ("", "2")])
def test_electronic_or_paper_is_chosen_by_one_digit_and_silence_is_paper(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult, keys: str, chosen: str
) -> None:
    come(world, make_card, photo)
    assert world.asks(Topic.PRESCRIPTION)
    world.type_keys(keys)
    world.pass_time(60)
    assert last_result()["prescription"] == chosen
    assert last_result()["qualification"]["PrescriptionIssueSelect"] == chosen


@pytest.mark.parametrize("clinic_asks", [{"consent_mode": ConsentMode.ITEM_BY_ITEM}])
def test_answers_that_are_read_back_can_be_taken_back(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(policy=Policy(read_back=True))
    come(world, make_card, photo)
    world.type_keys("#")
    world.type_keys("#")
    assert world.has_said(Phrase.READ_BACK, items=(ConsentItem.MEDICATION, ConsentItem.CHECKUP))
    world.type_keys("*")
    world.type_keys("*")
    world.type_keys("*")
    assert world.has_said(Phrase.READ_BACK_NOTHING)
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": False, "TKK": False}


def test_silence_to_what_was_read_back_shows_nothing(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(policy=Policy(read_back=True))
    come(world, make_card, photo)
    world.type_keys("#")
    world.pass_time(60)
    assert isinstance(world.state, Settled)
    assert last_result()["consents"] == {"YZK": False, "TKK": False}
