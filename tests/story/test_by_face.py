"""Visits by face."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from device.app.world import FaceWorks, World
from device.card.trust import CardTrust, Realm
from device.domain.prompts import STEERING, Phrase
from device.domain.reasons import Reason
from device.domain.values import Method
from device.face.detect import Points
from device.ports.camera import Picture
from device.ports.network import PortraitDecoder
from device.reception import Idle, Policy
from device.reception.questions import Topic
from device.reception.states import AskingPin, Reading, State
from device.sim.camera import FACE_SHARE, SCENE_PX
from device.sim.card import Misbehaviour, SimulatedCard, claim_picture_size
from device.sim.line import MemoryBroker
from device.sim.people.covers import Cover, covered
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
LastResult = Callable[[], dict[str, Any]]
VisitByFace = Callable[..., None]


def small_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 80), 128).save(buffer, "JPEG2000")
    return buffer.getvalue()


SMALL_PICTURE = small_picture()


def test_by_face_with_consent(world: World, last_result: LastResult, visit_by_face: VisitByFace) -> None:
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
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


class BesideTheCamera:
    """Somebody who stands half outside the picture, at its left edge, until told where to go."""

    def __init__(self, photo: Photo, was_told: Callable[[], bool]) -> None:
        self._middle = photo.cut(*SCENE_PX, face_share=FACE_SHARE)
        self._was_told = was_told

    def film(self, at_s: float) -> Picture:  # noqa: ARG002  waits for words, not for a time
        if self._was_told():
            return self._middle
        away = SCENE_PX[0] // 2 - 20
        return np.hstack([self._middle[:, away:], self._middle[:, -1:].repeat(away, axis=1)])


def test_whoever_stands_too_far_to_one_side_is_told_where_to_go(
    world: World, make_card: MakeCard, photo: PhotoOf
) -> None:
    world.camera.perform(BesideTheCamera(photo("obama2"), lambda: world.has_said(Phrase.MORE_LEFT)))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Phrase.MORE_LEFT)
    assert not any(world.has_said(way) for way in STEERING - {Phrase.MORE_LEFT})
    assert world.asks(Topic.CONSENT)


class Masked:
    """Somebody in a mask, who takes it off when asked to, or keeps it on."""

    def __init__(self, photo: Photo, points: Points, takes_it_off: Callable[[], bool]) -> None:
        self._bare = photo.cut(*SCENE_PX, face_share=FACE_SHARE)
        self._masked = covered(self._bare, points, Cover.LIGHT_BLUE_MASK)
        self._takes_it_off = takes_it_off

    def film(self, at_s: float) -> Picture:  # noqa: ARG002  waits for words, not for a time
        return self._bare if self._takes_it_off() else self._masked


@pytest.fixture
def points(face_works: FaceWorks, photo: PhotoOf) -> Points:
    """Where eyes, nose and mouth of the visitor are in the scene."""
    return face_works.engine.see(photo("obama2").cut(*SCENE_PX, face_share=FACE_SHARE)).face.points


def test_whoever_wears_a_mask_is_asked_to_take_it_off_and_then_matches(
    world: World, make_card: MakeCard, photo: PhotoOf, points: Points
) -> None:
    world.camera.perform(Masked(photo("obama2"), points, lambda: world.has_said(Reason.FACE_COVERED)))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_COVERED)
    assert world.asks(Topic.CONSENT)


def test_whoever_keeps_a_mask_on_is_compared_as_they_are_and_goes_on_by_pin(
    world: World, make_card: MakeCard, photo: PhotoOf, points: Points
) -> None:
    world.camera.perform(Masked(photo("obama2"), points, lambda: False))
    world.place(make_card(portrait=photo("biden")))
    assert world.has_said(Reason.FACE_COVERED)
    assert isinstance(world.state, AskingPin)


class Noting:
    """The portrait's decoder, and where the visit stands whenever it is used."""

    def __init__(self, decoder: PortraitDecoder) -> None:
        self._decoder = decoder
        self.world: World | None = None
        self.used_in: list[type[State]] = []

    def decode(self, jp2: bytes | bytearray) -> Picture:
        assert self.world is not None
        self.used_in.append(type(self.world.state))
        return self._decoder.decode(jp2)

    def check(self) -> None:
        self._decoder.check()


@pytest.fixture
def noting(face_works: FaceWorks) -> Noting:
    return Noting(face_works.decoder)


@pytest.fixture
def noted_world(build_world: Build, face_works: FaceWorks, noting: Noting) -> World:
    world = build_world(face=replace(face_works, decoder=noting))
    noting.world = world
    return world


def test_the_portrait_is_made_ready_while_the_service_still_thinks(
    noted_world: World, noting: Noting, broker: MemoryBroker, make_card: MakeCard, photo: PhotoOf
) -> None:
    broker.hold("answer")
    noted_world.show(photo("obama2"))
    noted_world.place(make_card(portrait=photo("obama")))
    noted_world.pass_time(1)
    assert isinstance(noted_world.state, Reading)
    assert noting.used_in == [Reading]

    broker.release()
    noted_world.pass_time(1)
    assert noted_world.asks(Topic.CONSENT)
    assert noting.used_in == [Reading]


def test_what_is_wrong_with_the_portrait_is_told_when_it_is_the_faces_turn(
    noted_world: World, broker: MemoryBroker, make_card: MakeCard
) -> None:
    broker.hold("answer")
    noted_world.place(make_card(portrait=b"GIF89a"))
    noted_world.pass_time(1)
    assert not noted_world.has_said(Reason.PORTRAIT_UNREADABLE)

    broker.release()
    noted_world.pass_time(1)
    assert noted_world.has_said(Reason.PORTRAIT_UNREADABLE)
    assert isinstance(noted_world.state, AskingPin)


def test_the_portrait_is_decoded_once_for_all_looks_at_the_visitor(
    noted_world: World, noting: Noting, make_card: MakeCard, photo: PhotoOf
) -> None:
    noted_world.show(photo("biden"))
    noted_world.place(make_card(portrait=photo("obama")))
    assert noted_world.has_said(Reason.FACE_MISMATCH)
    assert isinstance(noted_world.state, AskingPin)
    assert len(noting.used_in) == 1


def test_where_the_pin_comes_first_the_portrait_stays_closed(
    build_world: Build, face_works: FaceWorks, noting: Noting, make_card: MakeCard, photo: PhotoOf
) -> None:
    noting.world = build_world(face=replace(face_works, decoder=noting), policy=Policy(first_method=Method.PIN))
    noting.world.place(make_card(portrait=photo("obama")))
    assert isinstance(noting.world.state, AskingPin)
    assert not noting.used_in


def test_another_persons_face_leads_to_the_pin(
    world: World, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world.show(photo("biden"))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_MISMATCH)
    assert isinstance(world.state, AskingPin)
    world.type_keys("1234#")
    world.type_keys("*")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert last_result()["consents"] == {"YZK": False, "TKK": False}


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
    assert world.has_ended_with(Reason.QUALIFIED)


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


def test_a_card_that_no_institution_can_unlock_asks_for_the_pin_after_the_match(
    build_world: Build, make_card: MakeCard, photo: PhotoOf, last_result: LastResult
) -> None:
    world = build_world(institution=None)
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.INSTITUTION_CREDENTIAL_MISSING)
    world.type_keys("1234#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
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
    assert world.has_ended_with(Reason.ASSURANCE_REFUSED)
    assert last_result()["assurance"] is None


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
    assert world.has_ended_with(Reason.QUALIFIED)


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
    assert world.asks(Topic.CONSENT) is goes_on
    assert world.has_said(Reason.PORTRAIT_ORIGIN_UNKNOWN) is not goes_on
    assert any("not among the anchors" in message for message in caplog.messages) is goes_on


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
