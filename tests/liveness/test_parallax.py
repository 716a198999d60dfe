from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.face.detect import Points
from device.face.liveness import parallax, turn_shown, view

ENOUGH = 0.12
ANGLES = st.floats(-40, 40)


def between(front: Points, now: Points) -> float:
    one, other = view(front), view(now)
    assert one is not None
    assert other is not None
    return parallax(one, other)


def shown(front: Points, now: Points) -> float | None:
    one, other = view(front), view(now)
    assert one is not None
    assert other is not None
    return turn_shown(one, other)


@given(yaw=ANGLES, pitch=ANGLES, roll=ANGLES, far_mm=st.floats(150, 900))
@settings(max_examples=100, deadline=None)
def test_a_picture_has_no_parallax_however_it_is_held(yaw: float, pitch: float, roll: float, far_mm: float) -> None:
    flat = np.array([(-31, -33, 0), (31, -33, 0), (3, 4, 0), (-25, 33, 0), (25, 33, 0)], float)
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turn = turn @ np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    turn = turn @ np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    body = flat @ turn.T
    held = body[:, :2] / (far_mm - body[:, 2:]) * 600
    straight = flat[:, :2] / (450 - flat[:, 2:]) * 600

    assert between(straight.astype(np.float32), held.astype(np.float32)) == pytest.approx(0, abs=2e-3)


@pytest.mark.parametrize("yaw", [35, 40])
def test_a_head_that_turns_shows_it_to_the_side_it_turns_to(heads: list[Any], yaw: float) -> None:
    for body in heads:
        front = body.seen().points
        right, left = shown(front, body.seen(yaw=yaw).points), shown(front, body.seen(yaw=-yaw).points)
        assert left is not None
        assert left <= -ENOUGH
        assert right is not None
        assert right >= ENOUGH


def test_the_place_of_the_nose_alone_would_be_fooled_where_the_parallax_is_not(
    head: Any,  # noqa: ANN401  a fixture's class
    make_print: Callable[..., Any],
) -> None:
    flat = make_print(head.seen())
    front, oblique = flat.seen().points, flat.seen(yaw=50, pitch=-35, far_mm=300).points
    eyes = oblique[1] - oblique[0]
    off = float(np.dot(oblique[2] - (oblique[0] + oblique[1]) / 2, eyes) / np.dot(eyes, eyes))

    assert abs(off) > 0.25, "as far off as in a head turned by 30 degrees"
    assert between(front, oblique) == pytest.approx(0, abs=1e-3)


def test_a_print_bent_round_a_bottle_shows_less_than_is_asked_for(head: Any, make_print: Callable[..., Any]) -> None:  # noqa: ANN401
    bent = make_print(head.seen(), bent_mm=60)

    assert 0 < between(bent.seen().points, bent.seen(yaw=35).points) < ENOUGH


def test_a_view_that_is_foreshortened_a_lot_tells_nothing(head: Any) -> None:  # noqa: ANN401
    assert shown(head.seen().points, head.seen(yaw=65).points) is None


def test_points_that_span_nothing_are_no_view() -> None:
    assert view(np.zeros((5, 2), np.float32)) is None
    assert view(np.full((5, 2), np.nan, np.float32)) is None


def test_four_points_in_a_line_show_nothing() -> None:
    line = np.array([(0, 0), (10, 0), (5, 5), (0, 10), (10, 10)], np.float32)
    flat = np.array([(0, 0), (0, 0), (0, 5), (0, 10), (0, 10)], np.float32)

    assert between(line, flat) == 0.0
    assert shown(line, flat) is None
    assert shown(flat, line) is None
