"""Days of visitors who do anything at all, at the assembled simulated unit, and what must hold whatever they do.

`WALK_VISITS=10000 pytest tests/story/test_random_walk.py` walks the whole way; without it a short one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from device.app.attendant import hash_passcode
from device.app.face_desk import LivenessParts
from device.app.world import FaceWorks, Happening, World
from device.domain.prompts import STEERING, Cue
from device.domain.reasons import FACE_HINTS, Reason
from device.domain.secrets import Passcode
from device.domain.values import CardKind, Move, PinUse
from device.face.liveness import LivenessRules
from device.panel.patterns import PATTERNS
from device.reception import Idle, Policy, Settled
from device.reception import effects as do
from device.reception import events as on
from device.reception.states import Active, Moving, Proving
from device.sim.card import Misbehaviour, OtherCard, PlaceableCard, SimulatedCard
from device.sim.staged import EMPTY, Person, Scene, StagedCamera, staged_portrait

VISITS = int(os.environ.get("WALK_VISITS", "160"))
VISITS_A_DAY = 10
CODE = "482913"
FRAME_S = 0.25
SCAN_S = 0.01
"""Coarser than elsewhere, and still fine enough for a key that is down for a tenth of a second."""

EVIDENCE = (on.FaceMatched, on.MoveSeen, on.PinAccepted, on.AttendantAdmitted)
SWAPPED = (Reason.CARD_REMOVED, Reason.CARD_CHANGED)

KEYS = st.one_of(
    st.sampled_from(["#", "*", "1", "2", "5", "0", "1234#", "1234#", "9876#", f"{CODE}#", "000000#", "12", "##**"]),
    st.text("0123456789*#", max_size=8),
)
ACTS = st.one_of(
    KEYS,
    st.floats(0.1, 70).map(lambda seconds: round(seconds, 1)),
    st.sampled_from(["lift", "another", "same again", "broker down", "broker up", "outbox full", "outbox empty"]),
)
SCENES = st.one_of(
    st.just(Scene()),
    st.just(EMPTY),
    st.sampled_from(sorted(FACE_HINTS | STEERING)).map(lambda trouble: Scene(trouble=trouble)),
    st.sampled_from([Scene(person=Person.STRANGER), Scene(person=Person.LOOKALIKE), Scene(flat=True)]),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be seen at the camera during one visit, and what goes wrong there."""

    scenes: Sequence[tuple[Scene, float]]
    """Each for so many seconds; the last one stays."""
    moves: str
    """What somebody does who is asked to move: as asked, the wrong way, nothing, or a second person does it."""
    lifts_at_s: float | None
    keys: str
    """Pressed from the moment when the card lies there."""
    camera: str
    front: str


PLANS = st.builds(
    Plan,
    st.lists(st.tuples(SCENES, st.floats(0.2, 8)), min_size=1, max_size=4),
    st.sampled_from(["as asked", "as asked", "the other way", "not", "somebody else"]),
    st.one_of(st.none(), st.none(), st.floats(0, 12)),
    st.one_of(st.just(""), st.just(""), KEYS),
    st.sampled_from(["works", "works", "works", "dies at once", "dies midway", "is fed a recording"]),
    st.sampled_from(["clear", "clear", "clear", "smudged", "misread", "dead"]),
)
DAY = st.lists(
    st.tuples(st.integers(0, 13), PLANS, st.lists(ACTS, max_size=6)), min_size=VISITS_A_DAY // 2, max_size=VISITS_A_DAY
)


class Play:
    """Plays a plan before the camera, and remembers whom it has shown."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._world = world
        self._plan = plan
        self._began_s = world.clock.monotonic_s()
        self._asked: tuple[Move, float] | None = None
        self.holder_seen = False
        self.moved_as_asked = False

    def __call__(self, at_s: float) -> Scene:
        since_s = at_s - self._began_s
        if self._plan.lifts_at_s is not None and since_s >= self._plan.lifts_at_s:
            self._world.reader.lift()
        scene, left_s = self._plan.scenes[0][0], since_s
        for scene, lasts_s in self._plan.scenes:  # noqa: B007  the last one stays
            if left_s < lasts_s:
                break
            left_s -= lasts_s
        state = self._world.state
        if isinstance(state, Moving):
            scene = self._moving(scene, state.moves[0], at_s)
        # A face that stays covered is compared as it is in the end.
        self.holder_seen |= scene.person is Person.HOLDER and scene.trouble in {None, Reason.FACE_COVERED}
        return scene

    def _moving(self, scene: Scene, move: Move, at_s: float) -> Scene:
        if self._asked is None or self._asked[0] is not move:
            self._asked = (move, at_s)
        done = min(1.0, max(0.0, at_s - self._asked[1] - 0.7) / 1.5)
        towards = {Move.TURN_LEFT: 1, Move.TURN_RIGHT: -1}[move]
        match self._plan.moves:
            case "as asked":
                self.moved_as_asked |= not scene.flat and scene.person is Person.HOLDER
                return replace(scene, yaw_deg=28.0 * towards * done)
            case "the other way":
                return replace(scene, yaw_deg=-28.0 * towards * done)
            case "somebody else":
                return replace(scene, person=Person.STRANGER, yaw_deg=28.0 * towards * done)
            case _:
                return scene


@dataclass
class Witness:
    """Looks at every thought of the unit."""

    play: Play | None = None
    """What is shown at the camera now."""
    evidence: bool = False
    confirmed: bool = False
    """The visit that is going on, or was the last, has its answer."""
    confirmed_lately: bool = False
    """It has, or another one had since the last check."""
    visits: int = 0
    met: set[str] = field(default_factory=set)
    """Kinds of events and reasons that came up: a walk that meets none of them shows nothing."""

    def look(self, happened: Happening) -> None:
        before, event, after, effects = happened.before, happened.event, happened.after, happened.effects
        self.met.add(type(event).__name__)
        for effect in effects:
            self._look_at(effect, event)
        if (after, effects) != (before, ()):
            self._look_at_evidence(event)
        if isinstance(after, Proving) and after.visit.card is not None and after.visit.card.pin is PinUse.PHONE:
            self.evidence = True  # the phone makes sure of its holder, and the proof says so
        current = before.reception if isinstance(before, Settled) else getattr(before, "visit", event)
        current = getattr(current, "reception", current)
        if not isinstance(event, on.CardPresented) and event.reception != current:
            assert (after, effects) == (before, ()), "what belongs to another visit changes nothing"

    def _look_at(self, effect: do.Effect, event: on.Event) -> None:
        match effect:
            case do.MeetVisitor():
                self.evidence = self.confirmed = False
                self.visits += 1
            case do.Report(reason=reason, assurance=assurance):
                self.met.add(reason)
                assert assurance is None or self.evidence, "nobody is verified without evidence"
                if isinstance(event, on.CardPresented):
                    assert reason in SWAPPED, "another card voids the visit"
            case do.AskHolder() | do.AskQualification():
                assert self.evidence, "nobody is asked about without evidence"
            case do.ShowCue(cue=cue):
                if cue is Cue.SUCCESS:
                    assert isinstance(event, on.QualificationCame)
                    assert event.reason is Reason.QUALIFIED
                    self.confirmed = self.confirmed_lately = True
            case _:
                pass

    def _look_at_evidence(self, event: on.Event) -> None:
        if isinstance(event, on.FaceMatched | on.MovesWanted):
            assert self.play is not None
            assert self.play.holder_seen, "nobody else's face is taken for the holder's"
        if isinstance(event, on.MoveSeen):
            assert self.play is not None
            assert self.play.moved_as_asked, "no picture, no stranger and no other move passes for the one asked for"
        if isinstance(event, EVIDENCE):
            self.evidence = True


SUCCESS_LAMPS = {lamp: True for lamp in PATTERNS[Cue.SUCCESS] if lamp != "buzzer"}


@dataclass
class Walk:
    """The unit, the cards that lie about, and what they had left."""

    world: World
    stage: StagedCamera
    cards: list[PlaceableCard]
    witness: Witness
    tries: dict[int, int]
    lying: PlaceableCard = field(init=False)
    """The card that was placed last."""

    def begin_visit(self, which: int, plan: Plan) -> None:
        world = self.world
        world.lift()
        self.check()  # what the lifting still brought up belongs to those who were before the camera until now
        self.stage.recover()
        world.front.recover()
        match plan.camera:
            case "dies at once":
                self.stage.die()
            case "dies midway":
                self.stage.die(after_frames=3)
            case "is fed a recording":
                self.stage.repeat()
            case _:
                pass
        match plan.front:
            case "smudged":
                world.front.smudge()
            case "misread":
                world.front.misread_once()
            case "dead":
                world.front.die()
            case _:
                pass
        self.witness.play = Play(world, plan)
        self.stage.stage(self.witness.play)
        world.keypad.type_keys(plan.keys)
        self.lying = self.cards[which]
        world.place(self.lying)
        self.check()

    def act(self, deed: str | float) -> None:
        world = self.world
        match deed:
            case float():
                world.pass_time(deed)
            case "lift":
                world.lift()
            case "another" | "same again":
                world.lift()
                if deed == "another":
                    self.lying = self.cards[0]
                world.place(self.lying)
            case "broker down":
                world.broker.stop()
            case "broker up":
                world.broker.start()
            case "outbox full":
                world.outbox.break_down()
            case "outbox empty":
                world.outbox.repair()
            case keys:
                world.type_keys(keys)
        self.check()

    def check(self) -> None:
        world, sent = self.world, 0
        self.witness.confirmed_lately = self.witness.confirmed
        for happened in world.happenings:
            self.witness.look(happened)
            sent += sum(isinstance(effect, do.VerifyPin) for effect in happened.effects)
        world.happenings.clear()
        world.voice.said.clear()
        for _, shown in world.indicators.changes:
            lamps = {name: lit for name, lit in shown.items() if name != "buzzer"}
            assert lamps != SUCCESS_LAMPS or self.witness.confirmed_lately, "no success without a confirmed answer"
        world.indicators.changes[:-1] = []
        spent = 0
        for number, card in enumerate(self.cards):
            if isinstance(card, SimulatedCard):
                spent += max(0, self.tries[number] - card.pin_tries_left)
                self.tries[number] = card.pin_tries_left
        assert spent <= sent, "a try is spent only by an entry"
        active = isinstance(world.state, get_args(Active))
        assert active is world.unit.remembers_visitor, "nothing is remembered of whom the visit is over for"
        if active:
            assert world.unit.mailbox.next_deadline_s() is not None, "every state has its bound"
        else:
            assert not self.stage.any_picture_left, "no picture outlives the visit"

    def end_day(self) -> None:
        self.world.lift()
        self.world.broker.start()
        self.world.outbox.repair()
        self.world.pass_time(200)
        self.check()
        assert isinstance(self.world.state, Idle)


@pytest.fixture
def cards(make_card: Callable[..., SimulatedCard]) -> list[PlaceableCard]:
    holder = staged_portrait()
    return [
        *(make_card(serial, portrait=holder) for serial in (1001, 1012, 1013, 1014)),
        make_card(1001, portrait=holder),
        make_card(1001, portrait=None),
        make_card(1001, portrait=b"GIF89a"),
        make_card(1002, kind=CardKind.IPHONE),
        make_card(1001, kind=CardKind.ANDROID),
        make_card(1008, kind=CardKind.PINLESS, portrait=holder),
        make_card(1001, portrait=holder, misbehaviour=Misbehaviour(leaves_after=11)),
        make_card(1001, portrait=holder, misbehaviour=Misbehaviour(leaves_after=30)),
        make_card(1001, portrait=holder, misbehaviour=Misbehaviour(garbage_from=9)),
        OtherCard(),
    ]


@pytest.mark.parametrize("asks_for_moves", [False, True])
def test_whatever_visitors_do_no_visit_touches_another_and_every_one_comes_to_an_end(
    build_world: Callable[..., World],
    stage: StagedCamera,
    staged_works: FaceWorks,
    cards: list[PlaceableCard],
    all_results: Callable[[], list[dict[str, Any]]],
    asks_for_moves: bool,  # noqa: FBT001  one of two units
) -> None:
    rules = LivenessRules(moves=(Move.TURN_LEFT, Move.TURN_RIGHT))
    liveness = LivenessParts(rules=rules) if asks_for_moves else None
    world = build_world(
        policy=Policy(consent_by_card=True, read_back=True),
        passcodes={"desk-1": hash_passcode(Passcode(CODE.encode()))},
        face=replace(staged_works, liveness=liveness),
        frame_s=FRAME_S,
        scan_s=SCAN_S,
    )
    tries = {number: card.pin_tries_left for number, card in enumerate(cards) if isinstance(card, SimulatedCard)}
    walk = Walk(world, stage, cards, Witness(), tries)

    @settings(
        max_examples=max(1, VISITS // 2 // VISITS_A_DAY),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # days follow one another at the same unit: a shorter one would be another walk
    )
    @given(day=DAY)
    def walk_a_day(day: list[tuple[int, Plan, list[str | float]]]) -> None:
        for which, plan, deeds in day:
            walk.begin_visit(which, plan)
            for deed in deeds:
                walk.act(deed)
        walk.end_day()

    walk_a_day()
    print(f"{walk.witness.visits} visits, {len(walk.witness.met)} kinds of events and endings")  # noqa: T201
    assert walk.witness.visits >= VISITS // 6
    assert walk.witness.met >= {"FaceMatched" if not asks_for_moves else "MovesWanted", "FaceFailed", "PinEntered"}
    receptions = [result["reception"] for result in all_results()]
    assert len(receptions) == len(set(receptions)), "one result for one visit"
