from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from device.domain.prompts import Phrase
from device.domain.values import Move
from device.face.detect import Face
from device.face.liveness import MoveWatch, Rest
from device.sim.clock import SimulatedClock
from device.sim.panel import RecordingVoice
from device.sim.people.actors import hears
from device.wire import phrases


def rest_of(body: Any) -> Rest:  # noqa: ANN401  a fixture's class
    rest = Rest.of([body.seen() for _ in range(3)])
    assert rest is not None
    return rest


def seen(move: Move, rest: Rest, faces: Iterable[Face | None]) -> bool:
    watch = MoveWatch(move, rest)
    return any(watch.feed(face) for face in faces)


def turning(body: Any, to: float, *, steps: int = 10) -> list[Face]:  # noqa: ANN401
    return [body.seen(yaw=to * min(1.0, step / steps)) for step in range(steps + 4)]


def approaching(body: Any, to_mm: float) -> list[Face]:  # noqa: ANN401
    return [body.seen(far_mm=450 - (450 - to_mm) * step / 10) for step in range(11)] + [body.seen(far_mm=to_mm)] * 3


def test_a_head_that_turns_as_asked_is_seen(head: Any) -> None:  # noqa: ANN401
    assert seen(Move.TURN_LEFT, rest_of(head), turning(head, 40))
    assert seen(Move.TURN_RIGHT, rest_of(head), turning(head, -40))


def test_a_head_that_turns_the_other_way_is_not(head: Any) -> None:  # noqa: ANN401
    assert not seen(Move.TURN_LEFT, rest_of(head), turning(head, -40))
    assert not seen(Move.TURN_RIGHT, rest_of(head), turning(head, 40))


def test_a_turn_to_the_other_side_is_told_and_a_print_turns_to_none(head: Any, make_print: Callable[..., Any]) -> None:  # noqa: ANN401
    for body, mistaken in ((head, True), (make_print(head.seen()), False)):
        watch = MoveWatch(Move.TURN_LEFT, rest_of(body))
        told = []
        for face in turning(body, -40):
            watch.feed(face)
            told.append(watch.mistaken)
        assert any(told) is mistaken


def test_a_print_that_is_turned_is_not_seen_to_turn(head: Any, make_print: Callable[..., Any]) -> None:  # noqa: ANN401
    flat = make_print(head.seen())

    assert not seen(Move.TURN_LEFT, rest_of(flat), turning(flat, 60, steps=15))


def test_who_comes_closer_is_seen_and_who_stays_is_not(head: Any) -> None:  # noqa: ANN401
    assert seen(Move.COME_CLOSER, rest_of(head), approaching(head, 320))
    assert not seen(Move.COME_CLOSER, rest_of(head), approaching(head, 400))


def test_a_turn_is_no_approach_and_an_approach_is_no_turn(head: Any) -> None:  # noqa: ANN401
    assert not seen(Move.COME_CLOSER, rest_of(head), turning(head, 40))
    assert not seen(Move.TURN_LEFT, rest_of(head), approaching(head, 320))


def test_a_move_begins_straight_on(head: Any) -> None:  # noqa: ANN401
    assert not seen(Move.TURN_LEFT, rest_of(head), [head.seen(yaw=40)] * 10)


def test_who_has_begun_before_the_first_frame_of_a_slow_camera_began_where_the_match_ended(head: Any) -> None:  # noqa: ANN401
    late = [head.seen(yaw=15), *[head.seen(yaw=40)] * 4]
    watch = MoveWatch(Move.TURN_LEFT, rest_of(head), straight=head.seen())

    assert any(watch.feed(face) for face in late)
    assert not seen(Move.TURN_LEFT, rest_of(head), late)


@pytest.mark.parametrize("gap", [[None], ["beside"]])
def test_a_second_picture_held_up_in_place_of_the_first_begins_anew(head: Any, gap: list[object]) -> None:  # noqa: ANN401
    between = [head.seen(beside_mm=200) if it == "beside" else None for it in gap]
    front, turned = [head.seen()] * 5, [head.seen(yaw=40)] * 10

    assert seen(Move.TURN_LEFT, rest_of(head), [*front, *turning(head, 40)])
    assert not seen(Move.TURN_LEFT, rest_of(head), [*front, *between, *turned])


def test_one_misplaced_point_decides_nothing(head: Any) -> None:  # noqa: ANN401
    faces = [head.seen()] * 6
    wrong = head.seen()
    wrong.points[2, 0] += 25

    assert not seen(Move.TURN_LEFT, rest_of(head), [*faces, wrong, *faces])


def test_nobody_has_no_rest() -> None:
    assert Rest.of([]) is None


def test_a_simulated_visitor_hears_nothing_of_what_was_said_before_they_came() -> None:
    clock = SimulatedClock()
    voice = RecordingVoice(clock)
    voice.say((phrases.say(Phrase.TURN_LEFT, "ja"),), language="ja")
    listen = hears(voice)
    assert listen() is None
    clock.advance(1.0)
    voice.say((phrases.say(Phrase.TURN_RIGHT, "ja"),), language="ja")
    assert listen() == (Move.TURN_RIGHT, 1.0)
