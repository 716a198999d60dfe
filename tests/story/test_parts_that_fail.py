"""A part of the unit does not do its work: a reason, a way on, and the unit says so."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from device.app.assets.place import MODELS_DIR
from device.app.care import care_for
from device.app.face_models import load_engine
from device.app.face_parts import note_trouble
from device.app.world import FaceWorks, World
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.drivers.portrait import SandboxedPortraitDecoder
from device.face.embed import Template
from device.face.engine import FaceLook, Seen
from device.face.quality import FRAME_GATES, Gates
from device.ports.camera import Picture
from device.ports.network import PortraitDecoder
from device.reception.questions import Topic
from device.reception.states import AskingPin
from device.sim.card import SimulatedCard
from device.sim.line import MemoryBroker
from device.sim.portrait import Photo
from device.wire import topics
from device.wire.codec import decode
from device.wire.messages import Status

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
VisitByFace = Callable[..., None]


def test_a_dead_camera_leads_to_the_pin_and_is_reported(
    world: World, make_card: MakeCard, photo: PhotoOf, visit_by_face: VisitByFace
) -> None:
    world.camera.die()
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_UNAVAILABLE)
    assert isinstance(world.state, AskingPin)
    assert Reason.CAMERA_FAULT in world.unit.health.troubles
    world.lift()
    world.camera.recover()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert world.unit.health.troubles == ()


def test_a_reader_that_is_unplugged_is_reported_and_serves_again_when_it_is_back(
    world: World, visit_by_face: VisitByFace
) -> None:
    world.reader.break_down()
    world.pass_time(1)
    assert Reason.READER_FAULT in world.unit.health.troubles
    world.reader.repair()
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
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
    assert world.has_ended_with(Reason.QUALIFIED)
    status: Status = decode(broker.retained(topics.up(world.name, topics.Up.STATUS)) or b"", Status)
    assert status.state == "impaired"
    assert status.troubles == [Reason.MODEL_DIGEST_MISMATCH]


def test_a_system_without_a_layer_of_protection_is_reported_and_visits_go_on(
    build_world: Build, broker: MemoryBroker, visit_by_face: VisitByFace
) -> None:
    bare = "import sys; sys.stdout.buffer.write(bytes([43, 3])); sys.stdout.flush(); sys.stdin.read()"
    troubles: dict[str, Fault] = {}
    with SandboxedPortraitDecoder(child=(sys.executable, "-c", bare)) as decoder:
        note_trouble(decoder, troubles)

    world = build_world(troubles=troubles)
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
    status: Status = decode(broker.retained(topics.up(world.name, topics.Up.STATUS)) or b"", Status)
    assert status.troubles == [Reason.PROTECTION_MISSING]


class Failing:
    """The portrait's decoder on a machine that has no process left, until it has."""

    def __init__(self, decoder: PortraitDecoder) -> None:
        self._decoder = decoder
        self.fails = True

    def decode(self, jp2: bytes | bytearray) -> Picture:
        self.check()
        return self._decoder.decode(jp2)

    def check(self) -> None:
        if self.fails:
            raise Fault("no process", part="portrait", reason=Reason.INTERNAL_FAULT)


def test_a_decoder_that_fails_is_told_by_its_own_name_and_is_back_before_the_next_visitor(
    build_world: Build, face_works: FaceWorks, make_card: MakeCard, photo: PhotoOf
) -> None:
    failing = Failing(face_works.decoder)
    world = build_world(face=replace(face_works, decoder=failing))
    world.place(make_card(portrait=photo("obama")))
    assert world.has_said(Reason.FACE_UNAVAILABLE)
    assert isinstance(world.state, AskingPin)
    world.type_keys("1234#")
    world.type_keys("#")
    assert world.has_ended_with(Reason.QUALIFIED)
    assert [trouble.part for trouble in world.unit.health.parts] == ["portrait"]
    world.lift()
    failing.fails = False
    back_s = care_for("portrait").back_s
    assert back_s is not None
    world.pass_time(back_s)
    assert world.unit.health.parts == ()


class Numb:
    """A face engine whose networks fail while it looks at the visitor, until they do not."""

    def __init__(self, engine: FaceLook) -> None:
        self._engine = engine
        self.fails = True

    def template(self, portrait: Picture) -> Template:
        return self._engine.template(portrait)

    def see(self, frame: Picture, gates: Gates = FRAME_GATES, *, small: Picture | None = None) -> Seen:
        if self.fails:
            raise Fault("no direction for a face", part="models", reason=Reason.INTERNAL_FAULT)
        return self._engine.see(frame, gates, small=small)


def test_a_network_that_fails_is_not_told_as_the_camera_and_is_well_when_it_answers_again(
    build_world: Build, face_works: FaceWorks, make_card: MakeCard, photo: PhotoOf, visit_by_face: VisitByFace
) -> None:
    engine = Numb(face_works.engine)
    world = build_world(face=replace(face_works, engine=engine))
    world.show(photo("obama2"))
    world.place(make_card(portrait=photo("obama")))
    assert isinstance(world.state, AskingPin)
    assert [trouble.part for trouble in world.unit.health.parts] == ["models"]
    world.lift()
    engine.fails = False
    visit_by_face(world)
    assert world.has_ended_with(Reason.QUALIFIED)
    assert world.unit.health.parts == ()


def test_a_decoder_that_does_not_even_start_leaves_the_unit_running() -> None:
    for child in (("/nowhere/python",), (sys.executable, "-c", "raise SystemExit")):
        troubles: dict[str, Fault] = {}
        with SandboxedPortraitDecoder(child=child) as decoder:
            note_trouble(decoder, troubles)
        assert [trouble.finding for trouble in troubles.values()] == [FindingCode.PORTRAIT_DECODER]


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
    assert world.asks(Topic.CONSENT)
    assert card.pin_tries_left == 3
