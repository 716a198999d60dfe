"""Visits of people who are there, of people who cannot move, and of pictures of people.

The faces move as `device.sim.people` draws them; what that proves and what not is told in docs/liveness.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from device.app.assets.place import MODELS_DIR
from device.app.assets.store import load_manifest
from device.app.face_desk import LivenessParts
from device.app.world import FaceWorks, World
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import Challenge, Move
from device.face.engine import Model
from device.face.liveness import Bands, LivenessRules
from device.face.manifest import Role
from device.ports.camera import Picture
from device.ports.network import Tensor
from device.reception import Policy, Settled
from device.reception.states import Asking, AskingPin, Moving
from device.sim.camera import Actor
from device.sim.card import SimulatedCard
from device.sim.people.actors import Print, Replay, Swap, Visitor, hears
from device.sim.portrait import Photo

MakeCard = Callable[..., SimulatedCard]
PhotoOf = Callable[[str], Photo]
Watched = Callable[..., World]

TURNS = LivenessRules(moves=(Move.TURN_LEFT, Move.TURN_RIGHT))
ACCUSING = ("なりすまし", "偽", "不正", "spoof", "fake", "attack", "fraud")


class Believing:
    """A network with one opinion."""

    def __init__(self, live: float) -> None:
        self._logits = np.log(np.array([[(1 - live) / 2, live, (1 - live) / 2]], np.float32))

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        assert tensor.shape[2:] == (80, 80)
        return {"output": self._logits}


def nets(live: float) -> tuple[Model, ...]:
    manifest = load_manifest(MODELS_DIR / "manifest.toml")
    return tuple(Model(model, Believing(live)) for model in manifest.model if model.role is Role.LIVENESS)


@pytest.fixture
def watched(build_world: Callable[..., World], face_works: FaceWorks) -> Watched:
    """A unit that asks for moves; with `live`, one whose networks think so of every picture."""

    def build(rules: LivenessRules = TURNS, *, live: float | None = None, **changes: Any) -> World:  # noqa: ANN401
        parts = LivenessParts(rules=rules)
        if live is not None:
            parts = LivenessParts(rules=replace(rules, bands=Bands(accept=0.5, refuse=0.05)), nets=nets(live))
        options: dict[str, Any] = {"policy": Policy(move_s=3.5), "frame_s": 0.25} | changes
        return build_world(face=replace(face_works, liveness=parts), **options)

    return build


def come(world: World, card: SimulatedCard, actor: Actor) -> None:
    world.camera.perform(actor)
    world.place(card)


def asked_to_move(world: World) -> bool:
    return any(world.has_said(phrase) for phrase in (Phrase.TURN_LEFT, Phrase.TURN_RIGHT, Phrase.COME_CLOSER))


def nobody_was_accused(world: World) -> bool:
    return not any(word in said.text.lower() for said in world.voice.said for word in ACCUSING)


def goes_by_pin(world: World) -> bool:
    if not isinstance(world.state, AskingPin):
        return False
    world.type_keys("1234#")
    world.type_keys("#")
    return isinstance(world.state, Settled) and world.state.reason is Reason.QUALIFIED and nobody_was_accused(world)


def test_who_turns_as_asked_has_shown_to_be_there(
    watched: Watched, make_card: MakeCard, photo: PhotoOf, last_result: Callable[[], dict[str, Any]]
) -> None:
    world = watched()
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert asked_to_move(world)
    assert isinstance(world.state, Asking)
    world.type_keys("#")
    assert last_result()["assurance"] == "face_institution"


def test_a_processor_that_takes_15_s_over_a_frame_makes_a_slow_visit_and_no_fault_of_the_camera(
    watched: Watched, make_card: MakeCard, photo: PhotoOf, last_result: Callable[[], dict[str, Any]]
) -> None:
    world = watched(live=0.9, frame_s=15.0, policy=Policy(match_s=600.0))
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert not world.unit.health.troubles
    assert isinstance(world.state, Asking)
    world.type_keys("#")
    assert last_result()["assurance"] == "face_institution"


def test_two_moves_may_be_asked_for(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched(policy=Policy(move_s=3.5, moves=2))
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert world.has_said(Phrase.TURN_LEFT)
    assert world.has_said(Phrase.TURN_RIGHT)
    assert isinstance(world.state, Asking)


def test_whom_the_networks_believe_is_asked_for_nothing(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched(live=0.9)
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert not asked_to_move(world)
    assert isinstance(world.state, Asking)


def test_where_moves_are_always_asked_for_coming_closer_may_be_one(
    watched: Watched, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = watched(LivenessRules(challenge=Challenge.ALWAYS, moves=(Move.COME_CLOSER,)), live=0.9)
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert world.has_said(Phrase.COME_CLOSER)
    assert isinstance(world.state, Asking)


def test_whom_the_networks_refuse_goes_by_pin_and_hears_no_suspicion(
    watched: Watched, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = watched(live=0.01)
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert not asked_to_move(world)
    assert world.has_said(Reason.LIVENESS_UNSURE)
    assert goes_by_pin(world)


def test_a_print_that_is_tilted_does_not_turn(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched()
    come(world, make_card(portrait=photo("obama2")), Print(photo("obama"), hears(world.voice)))
    assert asked_to_move(world)
    assert world.has_said(Phrase.ANOTHER_MOVE), "another move first"
    assert world.has_said(Reason.MOVE_NOT_SEEN)
    assert goes_by_pin(world)


def test_a_film_on_a_screen_does_not_do_as_asked(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched(LivenessRules(moves=(Move.TURN_RIGHT,)))
    come(world, make_card(portrait=photo("obama2")), Replay(photo("obama"), Move.TURN_LEFT))
    assert world.has_said(Phrase.TURN_RIGHT)
    assert world.has_said(Reason.MOVE_NOT_SEEN)
    assert goes_by_pin(world)


def test_who_mixes_up_left_and_right_is_asked_once_more(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched()
    ears = hears(world.voice)

    def mixing_up() -> tuple[Move, float] | None:
        heard = ears()
        if heard is None or world.has_said(Phrase.ANOTHER_MOVE):
            return heard
        return (Move.TURN_LEFT if heard[0] is Move.TURN_RIGHT else Move.TURN_RIGHT), heard[1]

    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), mixing_up))
    assert world.has_said(Phrase.ANOTHER_MOVE)
    assert isinstance(world.state, Asking)


def test_another_face_in_the_middle_of_a_move_ends_it(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched()
    ears = hears(world.voice)
    swap = Swap(Print(photo("obama"), ears), Visitor(photo("biden"), ears), ears)
    come(world, make_card(portrait=photo("obama2")), swap)
    assert asked_to_move(world)
    assert world.has_said(Reason.LIVENESS_UNSURE)
    assert goes_by_pin(world)


@pytest.mark.parametrize("frames", [1, 4])
def test_frames_that_come_again_are_not_believed_and_the_unit_reports_its_camera(
    watched: Watched, make_card: MakeCard, photo: PhotoOf, frames: int
) -> None:
    world = watched()
    world.camera.repeat(frames)
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert world.has_said(Reason.FACE_UNAVAILABLE)
    assert Reason.CAMERA_FAULT in world.unit.health.troubles
    assert goes_by_pin(world)


@pytest.mark.parametrize("seconds", [-1.0, 1.0])
def test_frames_of_another_time_are_not_believed(
    watched: Watched, make_card: MakeCard, photo: PhotoOf, seconds: float
) -> None:
    world = watched()
    world.camera.mistime(seconds)
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice)))
    assert world.has_said(Reason.FACE_UNAVAILABLE)
    assert goes_by_pin(world)


def test_who_can_turn_to_one_side_only_is_asked_for_the_other(
    watched: Watched, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = watched()
    able = Visitor(photo("obama"), hears(world.voice), can={Move.TURN_RIGHT})
    come(world, make_card(portrait=photo("obama2")), able)
    assert world.has_said(Phrase.TURN_LEFT)
    assert world.has_said(Phrase.ANOTHER_MOVE)
    assert isinstance(world.state, Asking)


def test_who_cannot_turn_goes_by_pin(watched: Watched, make_card: MakeCard, photo: PhotoOf) -> None:
    world = watched()
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice), can=()))
    assert world.has_said(Reason.MOVE_NOT_SEEN)
    assert goes_by_pin(world)


def test_the_hash_key_leads_from_a_move_to_the_pin_at_once(
    watched: Watched, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = watched(policy=Policy(move_s=60.0))
    still = Visitor(photo("obama"), hears(world.voice), can=())
    come(world, make_card(portrait=photo("obama2")), Acting(still, {2.0: lambda: world.keypad.type_keys("#")}))
    assert world.clock.monotonic_s() < 5.0
    world.pass_time(0.5)
    assert goes_by_pin(world)


def test_who_is_slow_presses_a_key_and_gets_as_much_time_again(
    watched: Watched, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = watched(TURNS, policy=Policy(move_s=3.0))
    slow = Visitor(photo("obama"), _first_heard(world), takes_s=5.0)
    deeds: dict[float, Callable[[], object]] = {at_s: lambda: world.keypad.type_keys("5") for at_s in (2.5, 5.0)}
    come(world, make_card(portrait=photo("obama2")), Acting(slow, deeds))
    assert not world.has_said(Phrase.ANOTHER_MOVE)
    assert isinstance(world.state, Asking)


def _first_heard(world: World) -> Callable[[], tuple[Move, float] | None]:
    """Ears that count from the first time something was asked for: it is asked for again after each key."""
    ears, first = hears(world.voice), list[tuple[Move, float]]()

    def listen() -> tuple[Move, float] | None:
        heard = ears()
        if heard is not None and not first:
            first.append(heard)
        return first[0] if first else None

    return listen


def test_how_to_get_time_and_help_is_said_while_nothing_moves(
    watched: Watched, make_card: MakeCard, photo: PhotoOf
) -> None:
    world = watched(LivenessRules(moves=(Move.TURN_LEFT,)), policy=Policy(move_s=3.0, patience_s=1.5))
    come(world, make_card(portrait=photo("obama2")), Visitor(photo("obama"), hears(world.voice), can=()))
    assert world.has_said(Phrase.MOVE_HELP)


def test_a_card_lifted_during_a_move_ends_the_visit_and_nothing_of_the_face_is_kept(
    watched: Watched, make_card: MakeCard, photo: PhotoOf, all_results: Callable[[], list[dict[str, Any]]]
) -> None:
    world = watched(policy=Policy(move_s=60.0))
    still = Visitor(photo("obama"), hears(world.voice), can=())
    come(world, make_card(portrait=photo("obama2")), Acting(still, {2.0: world.reader.lift}))
    assert any(isinstance(it.before, Moving) and isinstance(it.after, Settled) for it in world.happenings)
    assert [result["reason"] for result in all_results()] == ["card_removed"]
    assert "score" not in json.dumps(all_results())


class Acting:
    """An actor who also does something else, once each, when it is time: seconds after the first frame to a deed."""

    def __init__(self, actor: Actor, deeds: dict[float, Callable[[], object]]) -> None:
        self._actor = actor
        self._deeds = deeds
        self._began_s: float | None = None

    def film(self, at_s: float) -> Picture:
        self._began_s = at_s if self._began_s is None else self._began_s
        for due_s in [due_s for due_s in self._deeds if at_s - self._began_s >= due_s]:
            self._deeds.pop(due_s)()
        return self._actor.film(at_s)
