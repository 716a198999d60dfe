"""A mask, sunglasses and a hand are noticed, and a bare face is none of them. Covers are drawn, faces are photos."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.face.align import align
from device.face.cover import is_covered
from device.face.engine import FaceEngine
from device.face.quality import COVERED_GATES, MOVE_GATES, Gates
from device.ports.camera import Picture
from device.sim.people.covers import Cover, covered
from device.sim.portrait import Photo

PEOPLE = ("obama", "obama2", "biden", "astronaut")


@pytest.fixture
def frame_of(photo: Callable[[str], Photo]) -> Callable[[str], Picture]:
    """A frame of this person, as a camera at arm's length takes it."""
    return lambda name: photo(name).cut(640, 480, face_share=0.45)


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("brightness", [0.5, 1.0])
def test_a_bare_face_is_not_said_to_be_covered(
    name: str, brightness: float, frame_of: Callable[[str], Picture], engine: FaceEngine
) -> None:
    engine.see((frame_of(name) * brightness).astype(np.uint8))


@pytest.mark.parametrize("cover", Cover)
def test_a_covered_face_is_turned_away_with_what_would_help_nearly_each_time(
    cover: Cover, frame_of: Callable[[str], Picture], engine: FaceEngine
) -> None:
    frame = frame_of("obama")
    points = engine.see(frame).face.points
    reasons = []
    for seed in range(4):
        try:
            engine.see(covered(frame, points, cover, seed=seed))
        except FaceError as turned_away:
            reasons.append(turned_away.reason)

    assert len(reasons) >= 3
    assert set(reasons) == {Reason.FACE_COVERED}


def test_a_camera_without_colours_sees_it_too(frame_of: Callable[[str], Picture], engine: FaceEngine) -> None:
    frame = frame_of("obama2")
    masked = covered(frame, engine.see(frame).face.points, Cover.BEIGE_MASK, seed=1)
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(masked, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)

    with pytest.raises(FaceError, match="over the face"):
        engine.see(grey)


@pytest.mark.parametrize("gates", [COVERED_GATES, MOVE_GATES])
def test_where_it_does_not_matter_a_covered_face_is_compared_as_it_is(
    gates: Gates, frame_of: Callable[[str], Picture], engine: FaceEngine
) -> None:
    frame = frame_of("biden")
    masked = covered(frame, engine.see(frame).face.points, Cover.WHITE_MASK)

    assert np.isfinite(engine.see(masked, gates).direction).all()
    engine.template(masked).wipe()


def test_a_picture_of_nothing_is_not_said_to_be_covered(frame_of: Callable[[str], Picture], engine: FaceEngine) -> None:
    blurred = cv2.GaussianBlur(align(frame_of("biden"), engine.see(frame_of("biden")).face.points), (0, 0), 12)

    assert not is_covered(np.asarray(blurred, np.uint8))


def test_the_same_seed_draws_the_same(frame_of: Callable[[str], Picture], engine: FaceEngine) -> None:
    frame = frame_of("biden")
    points = engine.see(frame).face.points
    one, same, other = (covered(frame, points, Cover.WHITE_MASK, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
