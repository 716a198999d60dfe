"""The layers together: each can only deny, and the rules say what replaces one that is absent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.app.assets.store import load_manifest
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import Challenge, Move
from device.face.embed import Direction
from device.face.engine import Model
from device.face.liveness import (
    Alive,
    Bands,
    Denied,
    Layer,
    LivenessRules,
    LivenessRun,
    MovesDue,
    probability,
)
from device.face.liveness.passive import surroundings
from device.face.manifest import ModelSpec, Role
from device.ports.network import Tensor

BANDS = Bands(accept=0.5, refuse=0.05)
ROOM = np.zeros((480, 640, 3), np.uint8)
HOLDER: Direction = np.eye(1, 128, 0, dtype=np.float32)[0]
STRANGER: Direction = np.eye(1, 128, 1, dtype=np.float32)[0]
MODELS = Path(__file__).parents[2] / "models"


class Opinionated:
    """A network that says what it was told to, for as many frames as it was told, then the last again."""

    def __init__(self, *live: float) -> None:
        self._live = list(live)

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        assert tensor.shape == (1, 3, 80, 80)
        live = self._live.pop(0) if len(self._live) > 1 else self._live[0]
        rest = (1 - live) / 2
        return {"output": np.log(np.array([[rest, live, rest]], np.float32))}


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    manifest = load_manifest(MODELS / "manifest.toml")
    return next(model for model in manifest.model if model.role is Role.LIVENESS)


def run_of(rules: LivenessRules, *nets: Model, draws: int = 0) -> LivenessRun:
    return LivenessRun(rules, nets, key=bytes(32), draw=lambda n: min(draws, n - 1))


def judged(run: LivenessRun, head: Any, *, frames: int = 5, score: float = 0.7) -> object:  # noqa: ANN401
    for _ in range(frames):
        assert not run.has_enough
        run.take(ROOM, head.seen(), HOLDER, score)
    assert run.has_enough
    return run.judgement()


@pytest.mark.parametrize(
    ("live", "answer"),
    [
        (0.9, Alive()),
        (0.5, Alive()),
        (0.3, MovesDue((Move.TURN_LEFT, Move.TURN_RIGHT))),
        (0.05, MovesDue((Move.TURN_LEFT, Move.TURN_RIGHT))),
        (0.01, Denied(Layer.PASSIVE)),
    ],
)
def test_the_networks_accept_refuse_or_ask_for_a_move(spec: ModelSpec, head: Any, live: float, answer: object) -> None:  # noqa: ANN401
    run = run_of(LivenessRules(bands=BANDS), Model(spec, Opinionated(live + 1e-6)))

    assert judged(run, head) == answer


def test_the_median_over_the_frames_counts_and_the_mean_over_the_networks(spec: ModelSpec, head: Any) -> None:  # noqa: ANN401
    nets = Model(spec, Opinionated(0.99, 0.02, 0.9, 0.02, 0.02)), Model(spec, Opinionated(0.02))

    assert judged(run_of(LivenessRules(bands=BANDS), *nets), head) == Denied(Layer.PASSIVE)
    assert judged(run_of(LivenessRules(bands=BANDS), Model(spec, Opinionated(0.9)), nets[1]), head) == MovesDue(
        (Move.TURN_LEFT, Move.TURN_RIGHT)
    )


def test_where_the_networks_are_absent_a_turn_takes_their_place(head: Any) -> None:  # noqa: ANN401
    assert judged(run_of(LivenessRules(), draws=1), head, frames=1) == MovesDue((Move.TURN_RIGHT, Move.TURN_LEFT))


def test_coming_closer_is_asked_for_only_beside_networks_that_believe_the_surface(spec: ModelSpec, head: Any) -> None:  # noqa: ANN401
    rules = LivenessRules(bands=BANDS, challenge=Challenge.ALWAYS)
    sure = judged(run_of(rules, Model(spec, Opinionated(0.9)), draws=9), head)
    unsure = judged(run_of(rules, Model(spec, Opinionated(0.2)), draws=9), head)

    assert sure == MovesDue((Move.COME_CLOSER, Move.TURN_RIGHT, Move.TURN_LEFT))
    assert unsure == MovesDue((Move.TURN_RIGHT, Move.TURN_LEFT))


@pytest.mark.parametrize("rules", [LivenessRules(challenge=Challenge.NEVER), LivenessRules(moves=(Move.COME_CLOSER,))])
def test_where_nothing_is_left_to_ask_doubt_stays_doubt(rules: LivenessRules, head: Any) -> None:  # noqa: ANN401
    assert judged(run_of(rules), head, frames=1) == Denied(Layer.PASSIVE)


def test_a_live_face_cannot_be_lent_to_somebody_elses_match(spec: ModelSpec, head: Any) -> None:  # noqa: ANN401
    run = run_of(LivenessRules(bands=BANDS), Model(spec, Opinionated(0.9)))
    for _ in range(4):
        run.take(ROOM, head.seen(), HOLDER, 0.7)
    for _ in range(3):
        assert not run.has_enough
        run.take(ROOM, head.seen(), STRANGER, 0.1)

    assert run.judgement() == Denied(Layer.SAME)


def test_another_face_in_the_middle_of_a_move_ends_it(head: Any) -> None:  # noqa: ANN401
    run = run_of(LivenessRules())
    judged(run, head, frames=1)
    run.expect(Move.TURN_LEFT)
    assert run.see(head.seen(), HOLDER, 0.7) is False
    answers = [run.see(head.seen(yaw=8 * step), STRANGER, 0.6) for step in range(1, 4)]

    assert answers == [False, False, Denied(Layer.SAME)]


def test_a_frame_of_somebody_else_interrupts_a_move_that_the_same_person_may_begin_anew(head: Any) -> None:  # noqa: ANN401
    run = run_of(LivenessRules())
    judged(run, head, frames=1)
    run.expect(Move.TURN_LEFT)
    turn = [head.seen(yaw=5 * step) for step in range(9)]
    seen = [run.see(face, HOLDER, 0.7) for face in turn[:3]]
    seen.append(run.see(head.seen(yaw=15), STRANGER, 0.7))
    seen += [run.see(face, HOLDER, 0.7) for face in turn[4:]]
    run.see_nobody()

    assert not any(seen)
    assert any(run.see(face, HOLDER, 0.7) is True for face in turn)


def test_no_move_is_watched_before_somebody_looked_straight_on(head: Any) -> None:  # noqa: ANN401
    run = run_of(LivenessRules())
    run.see_nobody()
    with pytest.raises(ValueError, match="straight on"):
        run.expect(Move.TURN_LEFT)
    with pytest.raises(ValueError, match="no move"):
        run.see(head.seen(), HOLDER, 0.7)


def test_after_the_visit_nothing_of_the_face_is_left(head: Any) -> None:  # noqa: ANN401
    run = run_of(LivenessRules())
    face = head.seen()
    run.take(ROOM, face, HOLDER, 0.7)
    run.wipe()
    run.wipe()

    assert not face.points.any()
    with pytest.raises(ValueError, match="wiped"):
        run.take(ROOM, face, HOLDER, 0.7)


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="refuse"):
        Bands(accept=0.1, refuse=0.5)
    with pytest.raises(ValueError, match="networks"):
        run_of(LivenessRules(bands=BANDS))


def test_the_surroundings_keep_their_scale_at_the_edge_of_the_picture(head: Any) -> None:  # noqa: ANN401
    face = head.seen(far_mm=900, beside_mm=380)
    left, top, right, bottom = surroundings(ROOM, face, 2.7)

    assert right <= ROOM.shape[1]
    assert right - left == pytest.approx(2.7 * face.width, abs=2)
    assert bottom - top == pytest.approx(2.7 * face.height, abs=2)
    near = surroundings(ROOM, head.seen(far_mm=200), 4.0)
    assert near[0] >= 0
    assert near[1] == 0
    assert near[3] <= ROOM.shape[0]


@pytest.mark.parametrize(
    "output", [np.zeros((1, 2), np.float32), np.full((1, 3), np.nan, np.float32)], ids=["two", "nan"]
)
def test_a_network_that_answers_nonsense_is_a_fault(spec: ModelSpec, head: Any, output: Tensor) -> None:  # noqa: ANN401
    class Nonsense:
        def run(self, tensor: Tensor) -> Mapping[str, Tensor]:  # noqa: ARG002  the port's signature
            return {"output": output}

    with pytest.raises(Fault) as caught:
        probability([Model(spec, Nonsense())], ROOM, head.seen())
    assert caught.value.reason is Reason.INTERNAL_FAULT
