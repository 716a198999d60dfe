"""A face that an edge of the picture cuts off is told where to go."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from device.domain.errors import FaceError
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.face.engine import FaceEngine
from device.ports.camera import Picture
from device.sim.camera import FACE_SHARE, SCENE_PX
from device.sim.portrait import Photo

WALL = 90
EDGES = {(-1, 0): Phrase.MORE_LEFT, (1, 0): Phrase.MORE_RIGHT, (0, -1): Phrase.LOWER, (0, 1): Phrase.HIGHER}
"""Towards which edge of the camera's picture (x to the right, y down) the face went, and where the visitor shall go:
the picture is no mirror, so its left is the visitor's right."""


def moved(scene: Picture, across: int, down: int) -> Picture:
    """Return the scene with everything moved by so many pixels, and wall where nothing is left."""
    height, width = scene.shape[:2]
    there = np.full_like(scene, WALL)
    there[max(0, down) : height + min(0, down), max(0, across) : width + min(0, across)] = scene[
        max(0, -down) : height + min(0, -down), max(0, -across) : width + min(0, -across)
    ]
    return there


@pytest.fixture(scope="module")
def scene(photo: Callable[[str], Photo]) -> Picture:
    """One face in the middle."""
    return photo("obama2").cut(*SCENE_PX, face_share=FACE_SHARE)


@pytest.mark.parametrize("person", ["obama2", "biden"])
@pytest.mark.parametrize(("towards", "way"), EDGES.items())
def test_whoever_is_half_outside_is_told_where_to_go(
    engine: FaceEngine, photo: Callable[[str], Photo], towards: tuple[int, int], way: Phrase, person: str
) -> None:
    across = towards[0] * SCENE_PX[0] // 2
    down = towards[1] * SCENE_PX[1] // 2
    with pytest.raises(FaceError) as caught:
        engine.see(moved(photo(person).cut(*SCENE_PX, face_share=FACE_SHARE), across, down))
    assert caught.value.reason is Reason.FACE_NOT_FOUND
    assert caught.value.steer is way


def test_an_empty_room_is_told_nothing(engine: FaceEngine) -> None:
    with pytest.raises(FaceError) as caught:
        engine.see(np.full((SCENE_PX[1], SCENE_PX[0], 3), WALL, np.uint8))
    assert caught.value.steer is None


def test_whoever_stands_in_the_middle_is_seen_and_not_sent_about(engine: FaceEngine, scene: Picture) -> None:
    assert engine.see(scene).face.score > 0.5
