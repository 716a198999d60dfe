"""Visits, told from the moment the card is down."""

from __future__ import annotations

import io
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from device.app.cli import MODELS_DIR
from device.app.face_models import load_engine
from device.app.world import World
from device.card.trust import CardTrust, CertificateAnchor, Realm
from device.domain.errors import CardLost, Fault
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import CardKind, Method
from device.reception import Idle, Policy, Settled
from device.reception.questions import Topic
from device.reception.states import Asking, AskingPin, Matching
from device.sim.card import CardAuthority, Hostility, Misbehaviour, OtherCard, SimulatedCard, claim_picture_size
from device.sim.line import MemoryBroker
from device.sim.portrait import Photo
from device.wire import topics
from device.wire.codec import decode
from device.wire.messages import Status

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]
AllResults = Callable[[], list[dict[str, Any]]]


def small_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 80), 128).save(buffer, "JPEG2000")
    return buffer.getvalue()


SMALL_PICTURE = small_picture()


def ended_with(world: World, reason: Reason) -> bool:
    return isinstance(world.state, Settled) and world.state.reason is reason and world.has_said(reason)


def asked(world: World, topic: Topic) -> bool:
    return isinstance(world.state, Asking) and world.state.question.topic is topic


def visit_by_face(world: World, make_card: MakeCard, photo: PhotoOf, serial: int = 1001) -> None:
    """Everything goes well, up to the answer."""
    world.show(photo("obama2"))
    world.place(make_card(serial, portrait=photo("obama")))
    if asked(world, Topic.CONSENT):
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
    assert asked(world, Topic.CONSENT)


def test_a_blocked_pin_and_no_face_end_at_the_desk(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show()
    world.place(make_card(portrait=photo("obama"), pin_tries=0))
    assert ended_with(world, Reason.PIN_BLOCKED)
    assert world.has_said(Reason.FACE_NOT_FOUND)


def test_the_last_try_is_spent_only_after_a_yes(world: World, make_card: MakeCard, last_result: LastResult) -> None:
    card = make_card(pin_tries=1)
    world.place(card)
    assert asked(world, Topic.LAST_TRY)
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
    if asked(world, Topic.CONSENT):  # it was taken away too late to matter
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


@pytest.mark.parametrize("how", Hostility)
def test_a_hostile_card_ends_its_visit_keeps_its_tries_and_harms_nobody_after_it(
    world: World, make_card: MakeCard, photo: PhotoOf, how: Hostility
) -> None:
    card = make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(hostile=how))
    world.place(card)
    assert isinstance(world.state, Settled)
    assert world.state.reason in {Reason.CARD_UNREADABLE, Reason.CERTIFICATE_NOT_TRUSTED}
    assert card.pin_tries_left == 3
    world.lift()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)


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
        (claim_picture_size(SMALL_PICTURE, 10_000, 10_000), Reason.PORTRAIT_UNREADABLE),  # a hundred megabytes
        (claim_picture_size(SMALL_PICTURE, 0xFFFF_FFFF, 0xFFFF_FFFF), Reason.PORTRAIT_UNREADABLE),
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


def test_the_same_misreading_never_costs_a_card_a_second_try(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.front.misread()
    card, other = make_card(1001, portrait=photo("obama")), make_card(1002, portrait=photo("obama"))
    for placed, said, left in (
        (card, Reason.REFERENCE_NUMBER_REFUSED, 9),
        (card, Reason.FRONT_UNREADABLE, 9),
        (other, Reason.REFERENCE_NUMBER_REFUSED, 9),  # the same number, but it may be right for this card
        (card, Reason.FRONT_UNREADABLE, 9),
    ):
        world.voice.said.clear()
        world.place(placed)
        assert world.has_said(said)
        assert placed.reference_number_tries_left == left
        assert isinstance(world.state, AskingPin)
        world.lift()


def test_a_misreading_whose_refusal_was_never_heard_is_told_by_the_counter(
    build_world: Build, make_card: MakeCard, photo: PhotoOf
) -> None:
    for command in range(16, 30):  # until it is the very VERIFY whose answer is lost
        world = build_world()
        world.front.misread()
        card = make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(loses_contact_at=command))
        world.place(card)
        if card.reference_number_tries_left == 9 and not world.has_said(Reason.REFERENCE_NUMBER_REFUSED):
            break
    world.lift()
    world.place(card)
    assert world.has_said(Reason.FRONT_UNREADABLE)
    assert card.reference_number_tries_left == 9


def test_a_right_number_whose_answer_was_lost_is_sent_again(
    build_world: Build, make_card: MakeCard, photo: PhotoOf
) -> None:
    for command in range(18, 22):  # around the VERIFY of the number
        world = build_world()
        world.show(photo("obama2"))
        card = make_card(portrait=photo("obama"), misbehaviour=Misbehaviour(loses_contact_at=command))
        world.place(card)
        world.lift()
        world.place(card)
        assert not world.has_said(Reason.FRONT_UNREADABLE)
        assert card.reference_number_tries_left == 10


def test_a_card_with_few_tries_left_is_left_to_people(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    card = make_card(portrait=photo("obama"), reference_number_tries=4)
    world.show(photo("obama2"))
    world.place(card)
    assert world.has_said(Reason.REFERENCE_NUMBER_REFUSED)
    assert card.reference_number_tries_left == 4
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
    assert asked(world, Topic.CONSENT)
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
    assert world.has_said(Reason.PORTRAIT_NOT_GENUINE)
    world.type_keys("1234#")
    assert ended_with(world, Reason.CERTIFICATE_NOT_TRUSTED)


@pytest.mark.parametrize(
    ("misbehaviour", "reason"),
    [
        (Misbehaviour(portrait_altered=True), Reason.PORTRAIT_NOT_GENUINE),
        (Misbehaviour(chip_is_copy=True), Reason.CHIP_NOT_PROVEN),
    ],
)
def test_a_portrait_that_does_not_stand_up_to_its_proofs_is_never_looked_at(
    world: World, make_card: MakeCard, photo: PhotoOf, misbehaviour: Misbehaviour, reason: Reason
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama"), misbehaviour=misbehaviour))
    assert world.has_said(reason)
    assert isinstance(world.state, AskingPin)
    world.type_keys("1234#")
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_portrait_of_unknown_origin_is_used_as_the_policy_says(
    build_world: Build,
    make_card: MakeCard,
    photo: PhotoOf,
    caplog: pytest.LogCaptureFixture,
    goes_on: bool,  # noqa: FBT001  a table of cases
) -> None:
    world = build_world(trust=CardTrust(Realm.TEST, unknown_surface_goes_on=goes_on))
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert asked(world, Topic.CONSENT) is goes_on
    assert world.has_said(Reason.PORTRAIT_ORIGIN_UNKNOWN) is not goes_on
    assert any("not among the anchors" in message for message in caplog.messages) is goes_on


def test_a_forged_certificate_is_not_believed(
    build_world: Build, make_card: MakeCard, card_authority: CardAuthority
) -> None:
    anchor = CertificateAnchor("authority", card_authority.certificate)
    world = build_world(trust=CardTrust(Realm.TEST, certificates=(anchor,)))
    world.place(make_card(misbehaviour=Misbehaviour(certificate_forged=True)))
    assert ended_with(world, Reason.CERTIFICATE_NOT_TRUSTED)


def test_a_reader_that_is_unplugged_in_the_middle_of_a_command_costs_the_visit_and_nothing_else(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    for command in (3, 6, 9):
        card = make_card(portrait=photo("obama"))
        answer, answered = card.transmit, itertools.count(1)

        def break_down(apdu: bytes | bytearray) -> tuple[bytes, int]:
            if next(answered) == command:  # noqa: B023  called before the loop goes on
                world.reader.break_down()
                raise CardLost
            return answer(apdu)  # noqa: B023  as above

        card.transmit = break_down  # type: ignore[method-assign]
        world.place(card)
        assert ended_with(world, Reason.CARD_REMOVED)
        world.lift()
        world.reader.repair()
        assert (card.pin_tries_left, card.reference_number_tries_left) == (3, 10)
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)


def test_a_test_card_is_refused_by_a_unit_in_service(
    build_world: Build, make_card: MakeCard, last_result: LastResult
) -> None:
    world = build_world(trust=CardTrust(Realm.PRODUCTION))
    card = make_card()
    world.place(card)
    assert ended_with(world, Reason.TEST_CARD)
    assert last_result()["reason"] == "test_card"


def test_a_test_phone_is_refused_by_a_unit_in_service_once_it_shows_its_certificate(
    build_world: Build, make_card: MakeCard
) -> None:
    world = build_world(trust=CardTrust(Realm.PRODUCTION))
    world.place(make_card(kind=CardKind.ANDROID))
    world.type_keys("1234#")
    assert ended_with(world, Reason.TEST_CARD)


def test_an_expired_certificate_is_said_at_once_where_the_clock_can_be_trusted(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.show(photo("obama2"))
    world.place(make_card(1006, portrait=photo("obama")))
    assert ended_with(world, Reason.CERTIFICATE_EXPIRED)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)


def test_with_a_clock_that_nothing_vouches_for_the_service_judges_the_date(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.clock.doubt()
    world.show(photo("obama2"))
    world.place(make_card(1006, portrait=photo("obama")))
    assert world.has_said(Phrase.LOOK_AT_CAMERA)
    assert ended_with(world, Reason.CERTIFICATE_EXPIRED)


def test_a_phone_has_no_months_of_grace(world: World, make_card: MakeCard) -> None:
    world.place(make_card(1007, kind=CardKind.IPHONE))
    assert ended_with(world, Reason.CERTIFICATE_EXPIRED)


def test_a_phone_that_has_not_confirmed_its_holder_is_asked_to(world: World, make_card: MakeCard) -> None:
    world.place(make_card(kind=CardKind.IPHONE, misbehaviour=Misbehaviour(phone_locked=True)))
    assert ended_with(world, Reason.PHONE_LOCKED)


def test_two_cards_at_once_are_told_apart_by_the_visitor(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    card = make_card()
    world.place(card, OtherCard())
    assert ended_with(world, Reason.SEVERAL_CARDS)
    assert last_result()["reason"] == "several_cards"
    assert card.pin_tries_left == 3
    world.lift()
    visit_by_face(world, make_card, photo)
    assert ended_with(world, Reason.QUALIFIED)


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
            assert ended_with(world, Reason.PIN_UNANSWERED) or ended_with(world, Reason.PIN_BLOCKED)
            return
        case 1:
            assert asked(world, Topic.LAST_TRY)
            world.type_keys("#")
        case _:
            assert world.has_said(Phrase.ENTER_PIN, tries_left=left)
    assert world.has_said(Reason.PIN_UNANSWERED)
    world.type_keys("1234#")
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)
    assert last_result()["assurance"] == "pin_signature"


def test_a_phone_that_lost_contact_on_the_pin_could_be_another_phone_so_the_visit_ends(
    world: World, make_card: MakeCard
) -> None:
    at = command_of_the_pin(world, make_card, kind=CardKind.ANDROID)
    card = make_card(kind=CardKind.ANDROID, misbehaviour=Misbehaviour(loses_contact_at=at))
    world.place(card)
    world.type_keys("9876#")
    assert ended_with(world, Reason.CARD_REMOVED)
    assert card.pin_tries_left == 2


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
    assert asked(world, Topic.CONSENT)
    world.lift()
    world.place(make_card(1012, portrait=photo("biden")))
    assert not asked(world, Topic.CONSENT)
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
    assert asked(world, Topic.CONSENT)


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


def test_weights_with_a_wrong_digest_leave_the_pin_and_the_unit_says_what_it_lacks(
    build_world: Build, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf, tmp_path: Path
) -> None:
    shutil.copy(MODELS_DIR / "manifest.toml", tmp_path)
    (tmp_path / "weights").mkdir()
    for weights in (MODELS_DIR / "weights").iterdir():
        (tmp_path / "weights" / weights.name).write_bytes(b"not a network")
    with pytest.raises(Fault) as caught:
        load_engine(tmp_path)
    assert caught.value.reason is Reason.MODEL_DIGEST_MISMATCH

    world = build_world(face=None, troubles={"models": caught.value})
    world.place(make_card(portrait=photo("obama")))
    assert isinstance(world.state, AskingPin)
    assert not world.has_said(Phrase.LOOK_AT_CAMERA)
    world.type_keys("1234#")
    world.type_keys("#")
    assert ended_with(world, Reason.QUALIFIED)
    status: Status = decode(broker.retained(topics.up(world.name, topics.Up.STATUS)) or b"", Status)
    assert status.state == "impaired"
    assert status.troubles == [Reason.MODEL_DIGEST_MISMATCH]


def test_a_stuck_key_is_reported_until_it_is_free_again(world: World) -> None:
    world.keypad.jam("5")
    for _ in range(150):
        world.pass_time(0.1)
    assert Reason.KEYPAD_FAULT in world.unit.health.troubles
    world.keypad.free("5")
    for _ in range(5):
        world.pass_time(0.1)
    assert world.unit.health.troubles == ()


def test_keys_mashed_during_speech_do_no_harm(world: World, make_card: MakeCard, photo: PhotoOf) -> None:
    world.show(photo("obama2"))
    world.type_keys("159*0#")
    card = make_card(portrait=photo("obama"))
    world.place(card)
    world.type_keys("7890")
    assert asked(world, Topic.CONSENT)
    assert card.pin_tries_left == 3


def test_nobody_hears_a_digit_and_all_keys_sound_the_same(world: World, make_card: MakeCard) -> None:
    world.place(make_card())
    before = len(world.voice.said)
    world.type_keys("1234")
    assert len(world.voice.said) == before
    assert "1234" not in repr(world.happenings)
