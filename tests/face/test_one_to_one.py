"""A visitor before the camera, with a card whose portrait is JPEG 2000: from bytes and frames to the answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.drivers.portrait import SandboxedPortraitDecoder
from device.face.embed import Template
from device.face.engine import FaceEngine
from device.face.manifest import Manifest, Role, Threshold
from device.face.match import Matched, MatchRun, NotMatched, Undecided
from device.ports.camera import Picture
from device.sim.camera import RecordedCamera
from device.sim.clock import SimulatedClock
from device.sim.portrait import Photo, card_portrait

PEOPLE = {"obama": "Obama", "obama2": "Obama", "biden": "Biden", "astronaut": "Collins"}


class Scene:
    """Verbs for a visitor with a card before the camera."""

    def __init__(
        self,
        engine: FaceEngine,
        decoder: SandboxedPortraitDecoder,
        photo: Callable[[str], Photo],
        threshold: Threshold,
    ) -> None:
        self.engine = engine
        self.threshold = threshold
        self.camera = RecordedCamera(SimulatedClock(), seed=2)
        self._decoder = decoder
        self._photo = photo

    def before_the_camera(self, *names: str) -> Picture:
        """Put people there and return a first frame of them."""
        self.camera.show(*(self._photo(name) for name in names))
        return self.camera.next_frame(1.0).pixels

    def template_of(self, name: str) -> Template:
        """Read the portrait of this person's card."""
        return self.engine.template(self._decoder.decode(card_portrait(self._photo(name))))

    def _score(self, template: Template) -> float:
        frame = self.camera.next_frame(1.0)
        return self.engine.score(frame.pixels, template, small=frame.small)

    def look(self, template: Template) -> Matched | NotMatched:
        """Feed frame after frame until there is an answer."""
        run = MatchRun(self.threshold)
        while True:
            try:
                decision = run.feed(self._score(template))
            except FaceError as error:
                decision = run.feed(error.reason)
            if not isinstance(decision, Undecided):
                return decision


@pytest.fixture
def scene(
    engine: FaceEngine, decoder: SandboxedPortraitDecoder, photo: Callable[[str], Photo], manifest: Manifest
) -> Scene:
    """Nobody is there yet."""
    return Scene(engine, decoder, photo, manifest.the(Role.EMBEDDER).threshold)


@pytest.mark.parametrize(("visitor", "holder"), list(itertools.product(PEOPLE, PEOPLE)))
def test_only_the_holder_of_the_card_matches(visitor: str, holder: str, scene: Scene) -> None:
    scene.before_the_camera(visitor)

    decision = scene.look(scene.template_of(holder))

    if PEOPLE[visitor] == PEOPLE[holder]:
        assert isinstance(decision, Matched)
    else:
        assert isinstance(decision, NotMatched)
        assert decision.reason is Reason.FACE_MISMATCH


def test_a_portrait_from_another_day_clears_the_threshold_with_room_to_spare(scene: Scene) -> None:
    scene.before_the_camera("obama")

    decision = scene.look(scene.template_of("obama2"))

    assert isinstance(decision, Matched)
    assert decision.score > scene.threshold.accept + 0.1


def test_an_empty_room_ends_with_no_face_found(scene: Scene) -> None:
    assert scene.look(scene.template_of("obama")) == NotMatched(Reason.FACE_NOT_FOUND, None)


def test_a_covered_lens_ends_with_no_face_found(scene: Scene) -> None:
    scene.camera.go_black()

    assert scene.look(scene.template_of("obama")) == NotMatched(Reason.FACE_NOT_FOUND, None)


def test_two_people_are_told_so_even_if_one_of_them_is_the_holder(scene: Scene) -> None:
    scene.before_the_camera("obama", "biden")

    assert scene.look(scene.template_of("obama")) == NotMatched(Reason.FACE_SEVERAL, None)


def test_somebody_small_in_the_background_does_not_disturb(scene: Scene, photo: Callable[[str], Photo]) -> None:
    frame = scene.before_the_camera("obama").copy()
    frame[20:180, 20:140] = photo("biden").cut(120, 160, face_share=0.5)

    assert scene.engine.score(frame, scene.template_of("obama")) >= scene.threshold.accept


def test_a_face_is_found_in_the_cameras_small_picture_and_judged_in_the_large_one(scene: Scene) -> None:
    scene.before_the_camera("obama2")
    frame = scene.camera.next_frame(1.0)
    assert frame.small is not None

    by_large, by_small = scene.engine.see(frame.pixels), scene.engine.see(frame.pixels, small=frame.small)

    assert np.abs(by_small.face.points - by_large.face.points).max() < 2
    assert float(by_small.direction @ by_large.direction) > 0.99


def test_a_small_picture_of_another_shape_is_scaled_to_the_large_one(scene: Scene) -> None:
    frame = scene.before_the_camera("obama2")
    squeezed = np.asarray(cv2.resize(frame, (300, 240), interpolation=cv2.INTER_AREA), np.uint8)

    by_large, by_small = scene.engine.see(frame), scene.engine.see(frame, small=squeezed)

    assert by_small.face.left == pytest.approx(by_large.face.left, abs=0.05 * by_large.face.width)
    assert float(by_small.direction @ by_large.direction) > 0.95


def test_an_empty_small_picture_shows_nobody(scene: Scene) -> None:
    frame = scene.before_the_camera("obama2")

    with pytest.raises(FaceError) as nobody:
        scene.engine.see(frame, small=np.zeros((240, 320, 3), np.uint8))
    assert nobody.value.reason is Reason.FACE_NOT_FOUND


def turned(frame: Picture, degrees: float) -> Picture:
    turn = cv2.getRotationMatrix2D((320, 240), degrees, 1.0)
    return np.asarray(cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@pytest.mark.parametrize("degrees", [-20, -10, 10, 20])
def test_a_head_that_leans_a_little_still_matches(degrees: float, scene: Scene) -> None:
    frame = scene.before_the_camera("obama2")

    assert scene.engine.score(turned(frame, degrees), scene.template_of("obama")) >= scene.threshold.accept


def lying_on_the_side(frame: Picture) -> Picture:
    return turned(frame, 60)


def far_away(frame: Picture) -> Picture:
    room: Picture = np.full_like(frame, 118)
    room[180:300, 240:400] = cv2.resize(frame, (160, 120), interpolation=cv2.INTER_AREA)
    return room


def in_the_dark(frame: Picture) -> Picture:
    return np.asarray(frame // 6, np.uint8)


def dazzled(frame: Picture) -> Picture:
    return np.asarray(np.clip(frame.astype(np.float32) * 0.2 + 215, 0, 255), np.uint8)


def blurred(frame: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), 9), np.uint8)


def half_out_of_view(frame: Picture) -> Picture:
    return np.ascontiguousarray(np.pad(frame[:, 320:], ((0, 0), (0, 320), (0, 0)), mode="edge"))


def too_near(frame: Picture) -> Picture:
    return np.asarray(cv2.resize(frame[150:330, 200:440], (640, 480)), np.uint8)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lying_on_the_side, Reason.FACE_NOT_FOUND),
        (far_away, Reason.FACE_TOO_FAR),
        (too_near, Reason.FACE_TOO_NEAR),
        (in_the_dark, Reason.FACE_TOO_DARK),
        (dazzled, Reason.FACE_TOO_BRIGHT),
        (blurred, Reason.FACE_BLURRED),
        (half_out_of_view, Reason.FACE_NOT_FOUND),
    ],
)
def test_a_poor_frame_is_turned_away_with_what_would_help_and_not_scored_low(
    spoil: Callable[[Picture], Picture], reason: Reason, scene: Scene
) -> None:
    frame = scene.before_the_camera("obama")

    with pytest.raises(FaceError) as turned_away:
        scene.engine.score(spoil(frame), scene.template_of("obama"))

    assert turned_away.value.reason is reason


def test_a_portrait_without_a_face_is_unreadable(engine: FaceEngine) -> None:
    with pytest.raises(FaceError) as refused:
        engine.template(np.full((320, 240, 3), 180, np.uint8))

    assert refused.value.reason is Reason.PORTRAIT_UNREADABLE


def test_a_portrait_of_two_people_is_unreadable(engine: FaceEngine, photo: Callable[[str], Photo]) -> None:
    two = np.hstack([photo(name).cut(240, 320, face_share=0.5) for name in ("obama", "biden")])

    with pytest.raises(FaceError) as refused:
        engine.template(two)

    assert refused.value.reason is Reason.PORTRAIT_UNREADABLE
