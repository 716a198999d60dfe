"""Cards of all kinds, good ones, hostile ones, and ones that come and go."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from device.app.world import World
from device.card.trust import CardTrust, CertificateAnchor, Realm
from device.domain.errors import CardLost
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import CardKind, Method
from device.reception import Idle, Policy, Settled
from device.reception.questions import Topic
from device.reception.states import AskingPin, Matching
from device.sim.card import CardAuthority, Hostility, Misbehaviour, OtherCard, SimulatedCard
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]
AllResults = Callable[[], list[dict[str, Any]]]
VisitByFace = Callable[..., None]


@pytest.mark.parametrize("after", range(1, 60, 4))
def test_a_card_that_is_taken_away_at_any_moment_ends_the_visit_and_the_next_one_works(
    world: World, make_card: MakeCard, photo: PhotoOf, after: int, all_results: AllResults, visit_by_face: VisitByFace
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(leaves_after=after)))
    if world.asks(Topic.CONSENT):  # it was taken away too late to matter
        world.lift()
    assert world.has_ended_with(Reason.CARD_REMOVED)
    world.lift()
    world.pass_time(10)
    assert world.state == Idle()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert [result["reason"] for result in all_results()] == ["card_removed", "qualified"]


def test_an_unknown_card(world: World, last_result: LastResult, visit_by_face: VisitByFace) -> None:
    world.place(OtherCard())
    assert world.has_ended_with(Reason.CARD_UNKNOWN)
    assert last_result()["reason"] == "card_unknown"
    world.lift()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)


@pytest.mark.parametrize("start", [1, 2, 3, 5, 8])
def test_a_card_that_answers_garbage(
    world: World, make_card: MakeCard, photo: PhotoOf, start: int, all_results: AllResults, visit_by_face: VisitByFace
) -> None:
    card = make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(garbage_from=start))
    world.place(card)
    world.pass_time(60)
    assert isinstance(world.state, Settled)
    assert world.state.reason in {Reason.CARD_UNREADABLE, Reason.CARD_UNKNOWN}
    assert card.pin_tries_left == 3
    world.lift()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert len(all_results()) == 2


@pytest.mark.parametrize("how", Hostility)
def test_a_hostile_card_ends_its_visit_keeps_its_tries_and_harms_nobody_after_it(
    world: World, make_card: MakeCard, photo: PhotoOf, how: Hostility, visit_by_face: VisitByFace
) -> None:
    card = make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(hostile=how))
    world.place(card)
    assert isinstance(world.state, Settled)
    assert world.state.reason in {Reason.CARD_UNREADABLE, Reason.CERTIFICATE_NOT_TRUSTED}
    assert card.pin_tries_left == 3
    world.lift()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)


def test_a_mute_card(world: World, make_card: MakeCard) -> None:
    world.place(make_card(misbehaviour=Misbehaviour(mute=True)))
    assert world.has_ended_with(Reason.CARD_UNREADABLE)


def test_a_card_without_portrait_goes_by_pin_without_a_word_about_faces(world: World, make_card: MakeCard) -> None:
    world.place(make_card(kind=CardKind.ANDROID))
    assert isinstance(world.state, AskingPin)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)
    world.type_keys("1234#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)


def test_an_iphone_goes_straight_to_the_proof_without_a_pin(
    world: World, make_card: MakeCard, last_result: LastResult
) -> None:
    world.place(make_card(kind=CardKind.IPHONE))
    assert world.asks(Topic.CONSENT)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)
    assert not world.has_said(Phrase.ENTER_PIN, tries_left=3)
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["assurance"] == "phone_signature"
    assert last_result()["card"] == "iphone"


def test_a_card_without_pin_goes_by_face(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), kind=CardKind.PINLESS))
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["assurance"] == "face_institution"


def test_a_card_without_pin_is_never_asked_for_one_and_ends_at_the_desk(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(policy=Policy(first_method=Method.PIN))
    world.show(photo("biden"))
    card = make_card(portrait=photo("obama"), kind=CardKind.PINLESS)
    world.place(card)
    assert world.has_said(Phrase.LOOK_AT_CAMERA)
    assert world.has_ended_with(Reason.CARD_WITHOUT_PIN)
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
    assert world.has_ended_with(Reason.CARD_WITHOUT_PIN)
    assert not world.has_said(Reason.INSTITUTION_CREDENTIAL_MISSING)


def test_a_card_of_a_foreign_authority_is_not_believed(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), authority=CardAuthority()))
    assert world.has_said(Reason.PORTRAIT_NOT_GENUINE)
    world.type_keys("1234#")
    assert world.has_ended_with(Reason.CERTIFICATE_NOT_TRUSTED)


def test_a_test_card_is_refused_by_a_unit_in_service(
    build_world: Build, make_card: MakeCard, last_result: LastResult
) -> None:
    world = build_world(trust=CardTrust(Realm.PRODUCTION))
    card = make_card()
    world.place(card)
    assert world.has_ended_with(Reason.TEST_CARD)
    assert last_result()["reason"] == "test_card"


def test_a_test_phone_is_refused_by_a_unit_in_service_once_it_shows_its_certificate(
    build_world: Build, make_card: MakeCard
) -> None:
    world = build_world(trust=CardTrust(Realm.PRODUCTION))
    world.place(make_card(kind=CardKind.ANDROID))
    world.type_keys("1234#")
    assert world.has_ended_with(Reason.TEST_CARD)


def test_an_expired_certificate_is_said_at_once_where_the_clock_can_be_trusted(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(1006, portrait=photo("obama")))
    assert world.has_ended_with(Reason.CERTIFICATE_EXPIRED)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)


def test_with_a_clock_that_nothing_vouches_for_the_service_judges_the_date(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.clock.doubt()
    world.show(photo("obama2"))
    world.place(make_card(1006, portrait=photo("obama")))
    assert world.has_said(Phrase.LOOK_AT_CAMERA)
    assert world.has_ended_with(Reason.CERTIFICATE_EXPIRED)


def test_a_phone_has_no_months_of_grace(world: World, make_card: MakeCard) -> None:
    world.place(make_card(1007, kind=CardKind.IPHONE))
    assert world.has_ended_with(Reason.CERTIFICATE_EXPIRED)


def test_a_phone_that_has_not_confirmed_its_holder_is_asked_to(world: World, make_card: MakeCard) -> None:
    world.place(make_card(kind=CardKind.IPHONE, misbehaviour=Misbehaviour(phone_locked=True)))
    assert world.has_ended_with(Reason.PHONE_LOCKED)


def test_two_cards_at_once_are_told_apart_by_the_visitor(
    world: World, make_card: MakeCard, last_result: LastResult, visit_by_face: VisitByFace
) -> None:
    card = make_card()
    world.place(card, OtherCard())
    assert world.has_ended_with(Reason.SEVERAL_CARDS)
    assert last_result()["reason"] == "several_cards"
    assert card.pin_tries_left == 3
    world.lift()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)


def test_a_forgotten_card_is_called_after(world: World, visit_by_face: VisitByFace) -> None:
    visit_by_face(world)
    world.pass_time(20)
    assert world.has_said(Reason.CARD_LEFT_BEHIND)
    world.lift()
    assert world.state == Idle()


def test_a_card_swapped_after_the_match_voids_the_visit(
    world: World, make_card: MakeCard, photo: PhotoOf, all_results: AllResults
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert world.asks(Topic.CONSENT)
    world.lift()
    world.place(make_card(1012, portrait=photo("biden")))
    assert not world.asks(Topic.CONSENT)
    assert [result["reason"] for result in all_results()] == ["card_removed"]
    assert isinstance(world.state, Matching | AskingPin)


def test_a_forged_certificate_is_not_believed(
    build_world: Build, make_card: MakeCard, card_authority: CardAuthority
) -> None:
    anchor = CertificateAnchor("authority", card_authority.certificate)
    world = build_world(trust=CardTrust(Realm.TEST, certificates=(anchor,)))
    world.place(make_card(misbehaviour=Misbehaviour(certificate_forged=True)))
    assert world.has_ended_with(Reason.CERTIFICATE_NOT_TRUSTED)


def test_a_reader_that_is_unplugged_in_the_middle_of_a_command_costs_the_visit_and_nothing_else(
    world: World, make_card: MakeCard, photo: PhotoOf, visit_by_face: VisitByFace
) -> None:
    for command in (3, 6, 9):
        card = make_card(portrait=photo("obama"))
        answer, answered = card.transmit, itertools.count(1)

        def break_down(apdu: bytes | bytearray) -> tuple[bytes, int]:
            if next(answered) == command:  # noqa: B023  called before the loop goes on
                world.reader.break_down()
                raise CardLost
            return answer(apdu)  # noqa: B023  as above

        card.transmit = break_down  # type: ignore[method-assign]  # this card alone breaks
        world.place(card)
        assert world.has_ended_with(Reason.CARD_REMOVED)
        world.lift()
        world.reader.repair()
        world.pass_time(1)
        assert (card.pin_tries_left, card.reference_number_tries_left) == (3, 10)
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)


def test_a_card_that_lies_there_when_the_reader_comes_back_is_lifted_before_anybody_is_served(
    world: World, make_card: MakeCard, photo: PhotoOf, all_results: AllResults, visit_by_face: VisitByFace
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    world.reader.break_down()
    world.pass_time(2)
    assert world.has_ended_with(Reason.CARD_REMOVED)
    world.reader.repair()
    world.pass_time(20)
    assert world.state == Idle()
    assert len(all_results()) == 1
    world.lift()
    world.pass_time(2)
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
