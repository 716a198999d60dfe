from __future__ import annotations

import numpy as np
import pytest

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.face.align import TEMPLATE_POINTS
from device.face.detect import Face, Points
from device.face.quality import FRAME_GATES, check_pose

FRAME = np.full((480, 640, 3), 118, np.uint8)
UPRIGHT: Points = TEMPLATE_POINTS * 2 + (200, 120)


def refusal(points: Points, height: float = 200) -> Reason | None:
    face = Face(left=200, top=120, width=160, height=height, score=0.9, points=points.astype(np.float32))
    try:
        check_pose(FRAME, face, FRAME_GATES)
    except FaceError as error:
        return error.reason
    return None


def nose_moved(by_px: float) -> Points:
    points = UPRIGHT.copy()
    points[2, 0] += by_px
    return points


def leaning(degrees: float) -> Points:
    turn = np.exp(1j * np.radians(degrees))
    centred = (UPRIGHT - UPRIGHT.mean(0)) @ (1, 1j) * turn
    return np.asarray(np.stack([centred.real, centred.imag], 1) + UPRIGHT.mean(0), np.float32)


def test_an_upright_face_passes() -> None:
    assert refusal(UPRIGHT) is None


@pytest.mark.parametrize("points", [nose_moved(-40), nose_moved(40), leaning(-35), leaning(35)])
def test_a_head_turned_aside_or_tilted_is_asked_to_look_at_the_camera(points: Points) -> None:
    assert refusal(points) is Reason.FACE_TURNED


@pytest.mark.parametrize("points", [nose_moved(-15), nose_moved(15), leaning(-15), leaning(15)])
def test_nobody_has_to_stand_like_a_soldier(points: Points) -> None:
    assert refusal(points) is None


def test_distance_is_told_both_ways() -> None:
    assert refusal(np.asarray(UPRIGHT / 2, np.float32)) is Reason.FACE_TOO_FAR
    assert refusal(UPRIGHT, height=430) is Reason.FACE_TOO_NEAR


def test_a_face_at_the_edge_is_not_seen_whole() -> None:
    assert refusal(np.asarray(UPRIGHT - (290, 0), np.float32)) is Reason.FACE_NOT_FOUND
