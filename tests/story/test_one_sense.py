"""Every flow again with one channel removed: once by somebody who sees nothing, once by somebody who hears nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from device.app.face_desk import LivenessParts
from device.app.world import FaceWorks, World
from device.domain.prompts import STEERING, Cue, Phrase
from device.domain.reasons import FACE_HINTS, Reason
from device.domain.values import AttendantReason, CardKind, Challenge, ConsentMode, Method, Move
from device.face.liveness import LivenessRules
from device.panel.patterns import TICK_S
from device.reception import Idle, Policy
from device.reception.questions import Topic
from device.reception.ways import cue_of
from device.sim.card import Misbehaviour, SimulatedCard
from device.sim.patient import LIFT, LIFT_FOR_YES, PLACE, WATCHED_TICKS, Listener, Watcher, Wishes, recognised
from device.sim.people.actors import Visitor, hears, sees
from device.sim.portrait import Photo
from device.sim.staged import Scene, StagedCamera, staged_portrait
from device.wire import phrases

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Build = Callable[..., World]
AllResults = Callable[[], list[dict[str, Any]]]

PATIENCE_S = 400


@dataclass(frozen=True)
class Flow:
    """One way through a visit, and how it ends."""

    reason: Reason = Reason.QUALIFIED
    consents: Mapping[str, bool] = field(default_factory=lambda: {"YZK": True, "TKK": True})
    asks: Mapping[str, Any] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    serial: int = 1001
    card: Mapping[str, Any] = field(default_factory=dict)
    face: bool = True
    move: Move | None = None
    """What the unit asks the visitor to do before the camera."""
    answers: Mapping[Topic, str] = field(default_factory=dict)
    pin: str = "1234"
    by_card: str = "#"
    also: Mapping[str, Any] = field(default_factory=dict)


BY_PIN = Policy(first_method=Method.PIN)
BY_CARD = replace(BY_PIN, consent_by_card=True)
NO = {"YZK": False, "TKK": False}

FLOWS = {
    "by face": Flow(),
    "a face that nobody sees, then the PIN": Flow(face=False),
    "a head that turns left": Flow(move=Move.TURN_LEFT),
    "a head that turns right": Flow(move=Move.TURN_RIGHT),
    "a face that comes closer": Flow(move=Move.COME_CLOSER),
    "by PIN": Flow(policy=BY_PIN),
    "no": Flow(answers={Topic.CONSENT: "*"}, consents=NO),
    "item by item": Flow(asks={"consent_mode": ConsentMode.ITEM_BY_ITEM}),
    "read back": Flow(policy=Policy(read_back=True)),
    "the last try, not spent": Flow(
        reason=Reason.PIN_LAST_TRY, face=False, card={"pin_tries": 1}, answers={Topic.LAST_TRY: "*"}, consents={}
    ),
    "the last try, spent well": Flow(face=False, card={"pin_tries": 1}),
    "a PIN that locks": Flow(reason=Reason.PIN_BLOCKED, face=False, pin="9999", card={"pin_tries": 2}, consents={}),
    "registration": Flow(serial=1013),
    "no registration": Flow(serial=1013, answers={Topic.REGISTRATION: "*"}, reason=Reason.NOT_REGISTERED, consents={}),
    "a subsidy": Flow(serial=1014, also={"public_expense": True}),
    "a prescription": Flow(asks={"ask_prescription": True}, also={"prescription": "1"}),
    "an Android phone": Flow(card={"kind": CardKind.ANDROID, "portrait": None}),
    "an iPhone": Flow(card={"kind": CardKind.IPHONE, "portrait": None}),
    "a qualification that ended": Flow(serial=1002, reason=Reason.QUALIFICATION_ENDED),
    "an expired certificate": Flow(serial=1006, reason=Reason.CERTIFICATE_EXPIRED, consents={}),
    "yes by lifting the card": Flow(policy=BY_CARD, by_card=LIFT_FOR_YES, answers={Topic.CONSENT: "*"}),
    "no by key where the card may answer": Flow(policy=BY_CARD, by_card="*", consents=NO),
    "nothing to read back": Flow(
        policy=replace(BY_PIN, read_back=True),
        asks={"consent_mode": ConsentMode.ITEM_BY_ITEM},
        answers={Topic.CONSENT: "*"},
        consents=NO,
    ),
    "no subsidy": Flow(policy=BY_PIN, serial=1014, answers={Topic.PUBLIC_EXPENSE: "*"}, also={"public_expense": False}),
    "a prescription on paper": Flow(
        policy=BY_PIN, asks={"ask_prescription": True}, answers={Topic.PRESCRIPTION: "2"}, also={"prescription": "2"}
    ),
    "a guardian with an infant's card": Flow(policy=BY_PIN, card={"portrait": None}),
    "cancelled at the PIN": Flow(policy=BY_PIN, pin="*", reason=Reason.CANCELLED, consents={}),
    "a card without PIN": Flow(card={"kind": CardKind.PINLESS}),
    "a phone that is still locked": Flow(
        policy=BY_PIN,
        card={"kind": CardKind.IPHONE, "portrait": None, "misbehaviour": Misbehaviour(phone_locked=True)},
        reason=Reason.PHONE_LOCKED,
        consents={},
    ),
}


def film(world: World) -> list[Mapping[str, bool]]:
    """Return what the lamps showed in the last seconds."""
    now_s = world.clock.monotonic_s()
    return [world.indicators.levels_at(now_s - tick * TICK_S) for tick in range(WATCHED_TICKS, 0, -1)]


class ByEar:
    """Hears what is said from now on."""

    def __init__(self, world: World, wishes: Wishes) -> None:
        self._world, self._patient, self._heard = world, Listener(wishes), 0
        self.wait = world.pass_time
        self.move_asked = hears(world.voice)

    def understands(self, line: Phrase, _cue: Cue) -> bool:
        """Whether this was said last."""
        return phrases.say(line, "ja", tries_left=3) in self._world.voice.said[-1].text

    def deed(self) -> str | None:
        news = self._world.voice.said[self._heard :]
        self._heard = len(self._world.voice.said)
        return self._patient.deed("".join(said.text for said in news))


class ByEye:
    """Sees the lamps of the last seconds, from the last deed on."""

    def __init__(self, world: World, wishes: Wishes) -> None:
        self._world, self._patient = world, Watcher(wishes)
        self._since_s = world.clock.monotonic_s()
        self.wait = world.watch_keys  # only then the lamps move
        self.move_asked = sees(world.indicators, world.clock)

    def understands(self, _line: Phrase, cue: Cue) -> bool:
        """Whether the lamps show this and can mean nothing else."""
        return recognised(film(self._world)) is cue

    def deed(self) -> str | None:
        now_s = self._world.clock.monotonic_s()
        ticks = min(WATCHED_TICKS, int((now_s - self._since_s) / TICK_S))
        deed = self._patient.deed(
            [self._world.indicators.levels_at(now_s - tick * TICK_S) for tick in range(ticks, 0, -1)]
        )
        if deed is not None:
            self._since_s = now_s
        return deed


def by_ear(world: World, hint: Reason | Phrase) -> bool:
    """Whether the hint was said."""
    return world.has_said(hint)


def by_eye(world: World, hint: Reason | Phrase) -> bool:
    """Whether the lamps of the last seconds show this hint and can mean nothing else."""
    return recognised(film(world)) is cue_of(hint)


def go_through(world: World, patient: ByEar | ByEye, card: SimulatedCard) -> None:
    """Let the patient do what one sense tells, until the card is taken and the unit is free."""
    end_s = world.clock.monotonic_s() + PATIENCE_S
    while not isinstance(world.state, Idle) and world.clock.monotonic_s() < end_s:
        match patient.deed():
            case deed if deed == LIFT:
                world.lift()
                world.watch_keys(1.0)
                world.pass_time(10)
            case deed if deed == LIFT_FOR_YES:
                world.lift()
            case deed if deed == PLACE:
                world.place(card)
            case None | "":
                patient.wait(0.5)
            case keys:
                world.type_keys(keys)
    assert isinstance(world.state, Idle), "the card is taken and the unit is free"


@pytest.mark.parametrize("understood", [by_ear, by_eye])
@pytest.mark.parametrize("hint", sorted(FACE_HINTS | STEERING))
def test_whoever_stands_wrong_before_the_camera_is_led_by_one_sense(
    build_world: Build,
    make_card: MakeCard,
    stage: StagedCamera,
    staged_works: FaceWorks,
    hint: Reason | Phrase,
    understood: Callable[[World, Reason | Phrase], bool],
) -> None:
    world = build_world(face=staged_works, frame_s=0.2)
    helped: list[float] = []

    def newcomer(at_s: float) -> Scene:
        """Stands wrong until the unit makes itself understood."""
        if not helped and understood(world, hint):
            helped.append(at_s)
        return Scene() if helped else Scene(trouble=hint)

    stage.stage(newcomer)
    world.place(make_card(portrait=staged_portrait()))
    assert helped
    assert world.asks(Topic.CONSENT), "the first look at the camera was enough"
    assert not world.has_said(Reason.FACE_MISMATCH)


@pytest.mark.parametrize("sense", [ByEar, ByEye])
@pytest.mark.parametrize(("name", "clinic_asks"), [(name, dict(flow.asks)) for name, flow in FLOWS.items()])
def test_every_flow_can_be_done_with_one_sense(
    build_world: Build,
    make_card: MakeCard,
    photo: PhotoOf,
    face_works: FaceWorks,
    all_results: AllResults,
    name: str,
    sense: type[ByEar | ByEye],
) -> None:
    flow = FLOWS[name]
    liveness = None
    if flow.move:
        liveness = LivenessParts(rules=LivenessRules(challenge=Challenge.ALWAYS, moves=(flow.move,)))
    world = build_world(policy=flow.policy, frame_s=0.25, face=replace(face_works, liveness=liveness))
    if flow.face and not flow.move:
        world.show(photo("obama2"))
    answers = {**Wishes().answers, **flow.answers}
    patient = sense(world, Wishes(pin=flow.pin, answers=answers, by_card=flow.by_card))
    if flow.move:
        world.camera.perform(Visitor(photo("obama2"), patient.move_asked))
    card = make_card(flow.serial, **{"portrait": photo("obama"), **flow.card})
    world.place(card)
    go_through(world, patient, card)
    (result,) = all_results()
    assert result["reason"] == flow.reason
    assert result["consents"] == flow.consents
    assert {field: result[field] for field in flow.also} == flow.also


@dataclass(frozen=True)
class Check:
    """What an attendant presses at their question, and how the visit ends."""

    presses: str
    reason: Reason = Reason.QUALIFIED
    consents: Mapping[str, bool] = field(default_factory=lambda: {"YZK": True, "TKK": True})
    attendant_reason: AttendantReason | None = None
    without_pin: bool = False
    """The visit was over before the attendant came: the card takes no PIN and no face was seen."""


CHECKS = {
    "the looks have changed": Check("1", attendant_reason=AttendantReason.APPEARANCE),
    "a card that takes no PIN": Check("1", attendant_reason=AttendantReason.APPEARANCE, without_pin=True),
    "an emergency": Check("5", attendant_reason=AttendantReason.EMERGENCY, consents={}),
    "another person": Check("*", reason=Reason.ATTENDANT_DECLINED, consents={}),
    "the attendant is called away": Check("", reason=Reason.TIMED_OUT, consents={}),
}


@pytest.mark.parametrize("sense", [ByEar, ByEye])
@pytest.mark.parametrize("name", CHECKS)
def test_whoever_is_looked_at_by_an_attendant_is_told_by_one_sense_whose_turn_it_is(
    build_world: Build,
    make_card: MakeCard,
    kept: dict[str, str],
    passcode: str,
    all_results: AllResults,
    name: str,
    sense: type[ByEar | ByEye],
) -> None:
    """In an emergency it is somebody beside the patient who listens or looks."""
    check = CHECKS[name]
    world = build_world(policy=BY_PIN, passcodes=kept, face=None)
    patient = sense(world, Wishes(pin=""))
    card = make_card(kind=CardKind.PINLESS if check.without_pin else CardKind.PLASTIC)
    world.place(card)
    patient.wait(4)
    calls = (Phrase.TAKE_CARD, Cue.STAFF) if check.without_pin else (Phrase.ENTER_PIN, Cue.KEYS)
    assert patient.understands(*calls)
    assert not patient.deed() or check.without_pin, "somebody who does not know the PIN waits for help"
    world.type_keys(passcode + "#")
    patient.wait(4)
    assert patient.understands(Phrase.ASK_ATTENDANT, Cue.ASK_STAFF), "the patient knows that the attendant is asked"
    assert not patient.deed()
    world.type_keys(check.presses)
    go_through(world, patient, card)
    result = all_results()[-1]
    assert (result["reason"], result["consents"]) == (check.reason, check.consents)
    assert result["attendant_reason"] == check.attendant_reason
