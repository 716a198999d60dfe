"""Visits, told from the moment the card is down."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from device.app.world import World
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import CardKind, Method
from device.reception import Idle, Policy, Settled
from device.reception.states import AskingConsent, AskingPin, Matching, WarningLastTry
from device.sim.card import CardAuthority, Misbehaviour, OtherCard, SimulatedCard
from device.sim.line import MemoryBroker
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]
AllResults = Callable[[], list[dict[str, Any]]]


def ended_with(world: World, reason: Reason) -> bool:
    return isinstance(world.state, Settled) and world.state.reason is reason and world.has_said(reason)


def visit_by_face(world: World, make_card: MakeCard, photo: PhotoOf, serial: int = 1001) -> None:
    """Everything goes well, up to the answer."""
    world.show(photo("obama2"))
    world.place(make_card(serial, portrait=photo("obama")))
    if isinstance(world.state, AskingConsent):
        world.type_keys("#")


def test_by_face_with_consent(world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult) -> None:
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)
    assert world.has_said(Phrase.TAKE_CARD)
    result = last_result()
    assert result["reason"] == "qualified"
    assert result["assurance"] == "face_institution"
    assert result["consents"] == {"YZK": True, "TKK": True}
    assert result["simulated"] is True
    (person,) = result["qualification"]["ResultOfQualificationConfirmation"]
    assert person["Name"] == "診療 太郎"
    world.lift()
    assert world.state == Idle()


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
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["assurance"] == "pin_signature"
    assert card.pin_tries_left == 3


def test_another_persons_face_leads_to_the_pin(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world.show(photo("biden"))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_MISMATCH)
    assert isinstance(world.state, AskingPin)
    world.type_keys("1234#")
    world.type_keys("*")
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": False, "TKK": False}


def test_a_blocked_pin_leads_to_the_face(build_world: Build, make_card: MakeCard, photo: PhotoOf) -> None:
    world = build_world(policy=Policy(first_method=Method.PIN))
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), pin_tries=0))
    assert world.has_said(Reason.PIN_BLOCKED)
    assert isinstance(world.state, AskingConsent)


def test_a_blocked_pin_and_no_face_end_at_the_desk(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show()
    world.place(make_card(portrait=photo("obama"), pin_tries=0))
    assert ended_with(world, Reason.PIN_BLOCKED)
    assert world.has_said(Reason.FACE_NOT_FOUND)


def test_the_last_try_is_spent_only_after_a_yes(world: World, make_card: MakeCard, last_result: LastResult) -> None:
    card = make_card(pin_tries=1)
    world.place(card)
    assert isinstance(world.state, WarningLastTry)
    assert world.has_said(Phrase.LAST_TRY)
    world.type_keys("*")
    assert ended_with(world, Reason.PIN_LAST_TRY)
    assert card.pin_tries_left == 1
    assert last_result()["reason"] == "pin_last_try"


def test_whoever_insists_on_the_last_try_and_errs_is_told_that_the_pin_is_blocked(
    world: World, make_card: MakeCard
) -> None:
    card = make_card(pin_tries=1)
    world.place(card)
    world.type_keys("#")
    world.type_keys("9876#")
    assert ended_with(world, Reason.PIN_BLOCKED)
    assert card.pin_tries_left == 0


@pytest.mark.parametrize(
    ("serial", "reason", "notices"),
    [
        (1001, Reason.QUALIFIED, []),
        (1002, Reason.QUALIFICATION_ENDED, []),
        (1003, Reason.QUALIFICATION_REPLACED, []),
        (1004, Reason.QUALIFICATION_NOT_FOUND, []),
        (1005, Reason.QUALIFICATION_AMBIGUOUS, []),
        (1006, Reason.CERTIFICATE_EXPIRED, []),
        (1007, Reason.QUALIFIED, ["certificate_in_grace"]),
        (1008, Reason.QUALIFIED, ["certificate_expires_soon"]),
        (1009, Reason.CERTIFICATE_REVOKED, []),
        (1010, Reason.QUALIFIED, ["name_has_unknown_characters"]),
        (1011, Reason.NOT_REGISTERED, []),
        (1012, Reason.QUALIFIED, []),
    ],
)
def test_every_answer_of_the_service_reaches_patient_and_clinic(
    world: World,
    make_card: MakeCard,
    photo: PhotoOf,
    last_result: LastResult,
    serial: int,
    reason: Reason,
    notices: list[str],
) -> None:
    visit_by_face(world, make_card, photo, serial)
    assert ended_with(world, reason)
    assert all(world.has_said(Reason(notice)) for notice in notices)
    assert last_result()["reason"] == reason
    assert last_result()["notices"] == notices


@pytest.mark.parametrize("after", range(1, 60, 4))
def test_a_card_that_is_taken_away_at_any_moment_ends_the_visit_and_the_next_one_works(
    world: World, make_card: MakeCard, photo: PhotoOf, after: int, all_results: AllResults
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(leaves_after=after)))
    if isinstance(world.state, AskingConsent):  # it was taken away too late to matter
        world.lift()
    assert ended_with(world, Reason.CARD_REMOVED)
    world.lift()
    world.pass_time(10)
    assert world.state == Idle()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)
    assert [result["reason"] for result in all_results()] == ["card_removed", "qualified"]


def test_an_unknown_card(world: World, last_result: LastResult, make_card: MakeCard, photo: PhotoOf) -> None:
    world.place(OtherCard())
    assert ended_with(world, Reason.CARD_UNKNOWN)
    assert last_result()["reason"] == "card_unknown"
    world.lift()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)


@pytest.mark.parametrize("start", [1, 2, 3, 5, 8])
def test_a_card_that_answers_garbage(
    world: World, make_card: MakeCard, photo: PhotoOf, start: int, all_results: AllResults
) -> None:
    card = make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(garbage_from=start))
    world.place(card)
    world.pass_time(60)
    assert isinstance(world.state, Settled)
    assert world.state.reason in {Reason.CARD_UNREADABLE, Reason.CARD_UNKNOWN}
    assert card.pin_tries_left == 3
    world.lift()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)
    assert len(all_results()) == 2


def test_a_mute_card(world: World, make_card: MakeCard) -> None:
    world.place(make_card(misbehaviour=Misbehaviour(mute=True)))
    assert ended_with(world, Reason.CARD_UNREADABLE)


def test_nobody_before_the_camera(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show()
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_NOT_FOUND)
    assert isinstance(world.state, AskingPin)


def test_two_people_before_the_camera(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show(photo("obama2"), photo("biden"))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_SEVERAL)
    assert isinstance(world.state, AskingPin)


def test_a_dead_camera_leads_to_the_pin_and_is_reported(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.camera.die()
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_UNAVAILABLE)
    assert isinstance(world.state, AskingPin)
    assert Reason.CAMERA_FAULT in world.unit.health.troubles
    world.lift()
    world.camera.recover()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)
    assert world.unit.health.troubles == ()


@pytest.mark.parametrize(
    ("portrait", "reason"),
    [
        (None, Reason.PORTRAIT_MISSING),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(200), Reason.PORTRAIT_UNREADABLE),
        (b"GIF89a", Reason.PORTRAIT_UNREADABLE),
    ],
)
def test_a_portrait_that_is_no_use_leads_to_the_pin(
    world: World, make_card: MakeCard, portrait: bytes | None, reason: Reason
) -> None:
    world.place(make_card(portrait=portrait))
    assert world.has_said(reason)
    assert isinstance(world.state, AskingPin)
    world.type_keys("1234#")
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)


def test_a_front_that_cannot_be_read_leads_to_the_pin(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.front.smudge()
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FRONT_UNREADABLE)
    assert isinstance(world.state, AskingPin)


def test_a_misread_front_leads_to_the_pin(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.front.misread_once()
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.REFERENCE_NUMBER_REFUSED)
    assert isinstance(world.state, AskingPin)


def test_a_card_without_portrait_goes_by_pin_without_a_word_about_faces(world: World, make_card: MakeCard) -> None:
    world.place(make_card(kind=CardKind.ANDROID))
    assert isinstance(world.state, AskingPin)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)
    world.type_keys("1234#")
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)


def test_an_iphone_goes_straight_to_the_proof_without_a_pin(
    world: World, make_card: MakeCard, last_result: LastResult
) -> None:
    world.place(make_card(kind=CardKind.IPHONE))
    assert isinstance(world.state, AskingConsent)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)
    assert not world.has_said(Phrase.ENTER_PIN, tries_left=3)
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["assurance"] == "phone_signature"
    assert last_result()["card"] == "iphone"


def test_a_card_without_pin_goes_by_face(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), kind=CardKind.PINLESS))
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["assurance"] == "face_institution"


def test_a_card_without_pin_is_never_asked_for_one_and_ends_at_the_desk(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(policy=Policy(first_method=Method.PIN))
    world.show(photo("biden"))
    card = make_card(portrait=photo("obama"), kind=CardKind.PINLESS)
    world.place(card)
    assert world.has_said(Phrase.LOOK_AT_CAMERA)
    assert ended_with(world, Reason.CARD_WITHOUT_PIN)
    assert world.has_said(Reason.FACE_MISMATCH)
    assert not world.has_said(Phrase.ENTER_PIN, tries_left=3)
    assert last_result()["reason"] == "card_without_pin"
    assert card.pin_tries_left == 3


def test_a_card_without_pin_and_no_institution_ends_at_the_desk_without_a_word_about_pins(
    build_world: Build, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = build_world(institution=None)
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), kind=CardKind.PINLESS))
    assert ended_with(world, Reason.CARD_WITHOUT_PIN)
    assert not world.has_said(Reason.INSTITUTION_CREDENTIAL_MISSING)


def test_a_card_that_no_institution_can_unlock_asks_for_the_pin_after_the_match(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(institution=None)
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.INSTITUTION_CREDENTIAL_MISSING)
    world.type_keys("1234#")
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["assurance"] == "pin_signature"


def test_the_stand_in_credential_is_refused_by_a_card_that_does_not_know_it(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), knows_stand_in=False))
    assert world.has_said(Reason.INSTITUTION_CREDENTIAL_MISSING)


def test_the_service_may_refuse_a_match_without_signature(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(institution=None, policy=Policy(accept_face_only=True))
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert ended_with(world, Reason.ASSURANCE_REFUSED)
    assert last_result()["assurance"] is None


def test_a_card_of_a_foreign_authority_is_not_believed(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), authority=CardAuthority()))
    assert ended_with(world, Reason.CERTIFICATE_NOT_TRUSTED)


def test_the_star_key_cancels(world: World, make_card: MakeCard, last_result: LastResult) -> None:
    world.place(make_card())
    world.type_keys("12*")  # clears what was typed
    assert isinstance(world.state, AskingPin)
    world.type_keys("*")
    assert ended_with(world, Reason.CANCELLED)
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
    assert ended_with(world, Reason.QUALIFIED)


def test_silence_to_the_question_of_consent_is_no(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    world.pass_time(60)
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": False, "TKK": False}


def test_a_forgotten_card_is_called_after(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    visit_by_face(world, make_card, photo)
    world.pass_time(20)
    assert world.has_said(Reason.CARD_LEFT_BEHIND)
    world.lift()
    assert world.state == Idle()


def test_a_card_swapped_after_the_match_voids_the_visit(
    world: World, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert isinstance(world.state, AskingConsent)
    world.lift()
    world.place(make_card(1012, portrait=photo("biden")))
    assert not isinstance(world.state, AskingConsent)
    assert [result["reason"] for result in all_results()] == ["card_removed"]
    assert isinstance(world.state, Matching | AskingPin)


def test_without_a_broker_the_visit_ends_in_time_and_the_results_arrive_when_it_is_back(
    world: World, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    broker.stop()
    world.place(make_card(portrait=photo("obama")))
    world.pass_time(20)
    assert ended_with(world, Reason.SERVICE_UNREACHABLE)
    assert Reason.BROKER_UNREACHABLE in world.unit.health.troubles
    world.lift()
    broker.start()
    world.pass_time(120)
    assert [result["reason"] for result in all_results()] == ["service_unreachable"]
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)
    assert [result["sequence"] for result in all_results()] == [1, 2]


def test_a_lost_answer_is_asked_for_again(
    world: World, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf
) -> None:
    broker.lose("answer")
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    world.pass_time(8)
    assert isinstance(world.state, AskingConsent)


def test_a_lost_receipt_does_not_double_the_result(
    world: World, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    broker.lose("receipt")
    visit_by_face(world, make_card, photo)
    assert len(world.outbox.waiting(10)) == 1
    world.pass_time(60)
    assert world.outbox.waiting(10) == []
    assert len(all_results()) == 1


def test_a_full_outbox_is_said_and_the_visitor_is_sent_to_the_desk(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.outbox.break_down()
    visit_by_face(world, make_card, photo)
    assert world.has_said(Reason.OUTBOX_FAULT)
    world.lift()
    world.outbox.repair()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)


def test_a_reader_that_is_unplugged_is_reported_and_serves_again_when_it_is_back(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.reader.break_down()
    world.pass_time(1)
    assert Reason.READER_FAULT in world.unit.health.troubles
    world.reader.repair()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)
    assert world.unit.health.troubles == ()
