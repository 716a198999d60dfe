"""An attendant looks in place of the unit: by passcode, with a reason, for one visit alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from device.app.attendant import FIRST_LOCK_S, FREE_TRIES
from device.app.world import World
from device.domain.errors import BadConfig
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import AttendantReason, CardKind, Method
from device.reception import Idle, Policy
from device.reception.questions import Topic
from device.reception.states import AskingPin
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.portrait import Photo
from device.sim.tally import MemoryTally

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]


@pytest.fixture
def desk(build_world: Build, kept: dict[str, str]) -> World:
    """A unit with an attendant nearby."""
    return build_world(passcodes=kept)


@pytest.mark.parametrize("reason", [reason for reason in AttendantReason if reason is not AttendantReason.EMERGENCY])
def test_a_face_that_does_not_match_is_confirmed_by_eye_and_the_reason_is_on_record(
    desk: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult, reason: AttendantReason, passcode: str
) -> None:
    card = make_card(portrait=photo("obama"))
    desk.place(card)
    assert isinstance(desk.state, AskingPin)
    desk.type_keys(passcode + "#")
    assert desk.asks(Topic.ATTENDANT)
    assert desk.has_said(Phrase.ASK_ATTENDANT)
    desk.type_keys(str(list(AttendantReason).index(reason) + 1))
    assert desk.asks(Topic.CONSENT)
    desk.type_keys("#")
    assert desk.has_ended_with(Reason.QUALIFIED)
    result = last_result()
    assert (result["assurance"], result["attendant"], result["attendant_reason"]) == ("attendant", "desk-1", reason)
    assert card.pin_tries_left == 3, "a passcode at the question for the PIN costs no try"


def test_an_emergency_asks_nothing_and_says_that_nobody_could_be_asked(
    desk: World, make_card: MakeCard, last_result: LastResult, passcode: str
) -> None:
    desk.show()
    desk.place(make_card())
    desk.type_keys(passcode + "#")
    desk.type_keys("5")
    assert desk.has_ended_with(Reason.QUALIFIED)
    assert last_result()["attendant_reason"] == "emergency"
    assert last_result()["consents"] == {}
    (person,) = last_result()["qualification"]["ResultOfQualificationConfirmation"]
    assert person["PharmacistsInfoConsFlg"] == "3"


def test_an_attendant_who_sees_another_person_says_so(desk: World, make_card: MakeCard, passcode: str) -> None:
    desk.place(make_card())
    desk.type_keys(passcode + "#")
    desk.type_keys("*")
    assert desk.has_ended_with(Reason.ATTENDANT_DECLINED)


def test_the_next_patient_never_meets_the_attendants_question(
    desk: World, make_card: MakeCard, last_result: LastResult, passcode: str
) -> None:
    desk.place(make_card())
    desk.type_keys(passcode + "#")
    desk.pass_time(120)
    assert desk.has_ended_with(Reason.TIMED_OUT)
    desk.lift()
    desk.place(make_card(1012))
    assert not desk.asks(Topic.ATTENDANT)
    desk.type_keys("1234#")
    desk.type_keys("#")
    assert last_result()["assurance"] == "pin_signature"
    assert last_result()["attendant"] is None


def test_a_passcode_that_does_not_fit_changes_nothing_and_after_five_none_is_taken_for_a_while(
    desk: World, make_card: MakeCard, passcode: str
) -> None:
    desk.place(make_card())
    for _ in range(FREE_TRIES):
        desk.type_keys("000000#")
        assert isinstance(desk.state, AskingPin)
    assert desk.has_said(Reason.PASSCODE_REFUSED)
    desk.type_keys(passcode + "#")
    assert desk.has_said(Reason.PASSCODE_LOCKED)
    assert isinstance(desk.state, AskingPin), "and the visitor may go on"
    desk.lift()
    desk.pass_time(FIRST_LOCK_S)
    desk.place(make_card())
    desk.type_keys(passcode + "#")
    assert desk.asks(Topic.ATTENDANT)


def test_pulling_the_plug_gives_no_passcode_back(
    build_world: Build, kept: dict[str, str], make_card: MakeCard, passcode: str
) -> None:
    refusals = MemoryTally()
    for _ in range(FREE_TRIES):
        unit = build_world(passcodes=kept, refusals=refusals, face=None)
        unit.place(make_card())
        unit.type_keys("000000#")
        assert unit.has_said(Reason.PASSCODE_REFUSED)
        unit.lift()
    for _ in range(2):
        unit = build_world(passcodes=kept, refusals=refusals, face=None)
        unit.place(make_card())
        unit.type_keys(passcode + "#")
        assert unit.has_said(Reason.PASSCODE_LOCKED), "the wait begins anew with each start"
        unit.lift()
    unit.pass_time(FIRST_LOCK_S)
    unit.place(make_card())
    unit.type_keys(passcode + "#")
    assert unit.asks(Topic.ATTENDANT)
    assert refusals.read() == 0


def test_a_try_that_cannot_be_counted_is_not_taken(
    build_world: Build, kept: dict[str, str], make_card: MakeCard, passcode: str
) -> None:
    refusals = MemoryTally()
    unit = build_world(passcodes=kept, refusals=refusals, face=None)
    refusals.break_down()
    unit.place(make_card())
    unit.type_keys(passcode + "#")
    assert unit.has_said(Reason.PASSCODE_LOCKED)
    unit.type_keys("1234#")
    assert unit.asks(Topic.CONSENT), "and the visitor goes on"


def test_a_phone_shows_no_photo_to_an_attendant(desk: World, make_card: MakeCard, passcode: str) -> None:
    desk.place(make_card(kind=CardKind.ANDROID))
    desk.type_keys(passcode + "#")
    assert desk.has_said(Reason.ATTENDANT_NEEDS_CARD)
    assert isinstance(desk.state, AskingPin)


def test_without_a_card_a_passcode_opens_nothing(desk: World, make_card: MakeCard, passcode: str) -> None:
    desk.type_keys(passcode + "#")
    assert isinstance(desk.state, Idle)
    desk.place(make_card(misbehaviour=Misbehaviour(leaves_after=5)))
    desk.lift()
    desk.type_keys(passcode + "#")
    assert desk.has_said(Reason.ATTENDANT_NEEDS_CARD)
    desk.pass_time(10)
    assert isinstance(desk.state, Idle)
    desk.place(make_card())
    assert not desk.asks(Topic.ATTENDANT)


def test_a_card_without_pin_whose_face_is_not_seen_is_no_dead_end(
    desk: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult, passcode: str
) -> None:
    desk.front.smudge()  # the unit cannot open the portrait, the attendant sees the one printed on the card
    card = make_card(portrait=photo("obama"), kind=CardKind.PINLESS)
    desk.place(card)
    assert desk.has_ended_with(Reason.CARD_WITHOUT_PIN)
    desk.type_keys(passcode + "#")
    assert desk.asks(Topic.ATTENDANT)
    desk.type_keys("1")
    desk.type_keys("#")
    assert desk.has_ended_with(Reason.QUALIFIED)
    assert (last_result()["assurance"], last_result()["attendant"]) == ("attendant", "desk-1")


@pytest.mark.parametrize("clinic_accepts", [frozenset()])
def test_the_service_may_refuse_what_an_attendant_saw(desk: World, make_card: MakeCard, passcode: str) -> None:
    desk.place(make_card())
    desk.type_keys(passcode + "#")
    desk.type_keys("1")
    assert desk.has_ended_with(Reason.ASSURANCE_REFUSED)


def test_without_any_passcode_on_file_none_is_right(build_world: Build, make_card: MakeCard, passcode: str) -> None:
    world = build_world(policy=Policy(first_method=Method.PIN))
    world.place(make_card())
    world.type_keys(passcode + "#")
    assert world.has_said(Reason.PASSCODE_REFUSED)


def test_somebody_who_asks_for_time_again_and_again_types_no_passcode(desk: World, make_card: MakeCard) -> None:
    desk.place(make_card())
    desk.type_keys("1234#")
    assert desk.asks(Topic.CONSENT)
    for _ in range(8):
        desk.type_keys("0")
        desk.pass_time(6)
    desk.type_keys("#")
    assert desk.has_ended_with(Reason.QUALIFIED)
    assert not desk.has_said(Reason.PASSCODE_REFUSED)


def test_what_is_no_hash_is_refused_at_the_start_with_its_place(build_world: Build, passcode: str) -> None:
    with pytest.raises(BadConfig, match="no hash") as caught:
        build_world(passcodes={"desk-1": passcode})
    assert "desk-1" in caught.value.where
    assert passcode not in str(caught.value)


def test_the_passcode_is_never_kept_or_logged(
    desk: World, kept: dict[str, str], make_card: MakeCard, caplog: pytest.LogCaptureFixture, passcode: str
) -> None:
    with caplog.at_level("DEBUG"):
        desk.place(make_card())
        desk.type_keys(passcode + "#")
    assert passcode not in repr(desk.happenings) + caplog.text + str(kept)
