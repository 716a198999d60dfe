"""What every camera promises, asked of each that there is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import pytest

from device.app.camera_watch import CameraWatch
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup
from device.drivers.system import SystemClock
from device.ports.camera import Camera
from device.sim.camera import RecordedCamera
from device.sim.clock import SimulatedClock
from device.sim.portrait import Photo
from device.sim.staged import Scene, StagedCamera

PHOTO = Photo(pixels=np.random.default_rng(1).integers(0, 256, (300, 200, 3), np.uint8), face=(60, 60, 80, 100))
STAND_INS = Path(__file__).parents[1] / "camera" / "stand_ins"


class Stage(Protocol):
    """A camera with something before it, and what can happen to it."""

    camera: Camera

    def pass_time(self, seconds: float) -> float: ...
    def break_it(self) -> None: ...
    def mend_it(self) -> None: ...
    def close(self) -> None: ...


class RecordedStage:
    """The camera of the simulated world."""

    has_small = True

    def __init__(self, _folder: Path) -> None:
        self._clock = SimulatedClock()
        self._recorded = RecordedCamera(self._clock, seed=7, has_small=self.has_small)
        self._recorded.show(PHOTO)
        self.camera: Camera = self._recorded

    def pass_time(self, seconds: float) -> float:
        """Return the moment after that time."""
        self._clock.advance(seconds)
        return self._clock.monotonic_s()

    def break_it(self) -> None:
        self._recorded.die()

    def mend_it(self) -> None:
        self._recorded.recover()

    def close(self) -> None: ...


class LargeOnlyStage(RecordedStage):
    has_small = False


class StagedStage:
    """The camera of the stories, on which a scene is played."""

    def __init__(self, _folder: Path) -> None:
        self._clock = SimulatedClock()
        self._staged = StagedCamera(self._clock)
        self._staged.stage(Scene())
        self.camera: Camera = self._staged

    def pass_time(self, seconds: float) -> float:
        """Return the moment after that time."""
        self._clock.advance(seconds)
        return self._clock.monotonic_s()

    def break_it(self) -> None:
        self._staged.die()

    def mend_it(self) -> None:
        self._staged.recover()

    def close(self) -> None: ...


class WatchedStage:
    """A camera in a process, under the watch that a unit puts it under."""

    def __init__(self, folder: Path) -> None:
        self._clock = SystemClock()
        self._watch = CameraWatch(lambda: CameraProcess(self._command(folder)), self._clock)
        self.camera: Camera = self._watch
        self._watch.look()
        self._until_it_films()

    def pass_time(self, seconds: float) -> float:  # noqa: ARG002  real time passes by itself
        """Return the present moment."""
        return self._clock.monotonic_s()

    def break_it(self) -> None:
        self._watch.close()

    def mend_it(self) -> None:
        self._watch.look()
        self._until_it_films()

    def close(self) -> None:
        self._watch.close()

    def _until_it_films(self) -> None:
        self.camera.next_frame(20.0)

    def _command(self, folder: Path) -> list[str]:
        raise NotImplementedError


class FolderStage(WatchedStage):
    def _command(self, folder: Path) -> list[str]:
        chance = np.random.default_rng(1)
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), chance.integers(0, 256, (120, 160, 3), np.uint8))
        return CameraSetup(f"folder:{folder}", 640, 480, 50.0).command()


class PicameraStage(WatchedStage):
    what = "picamera2"

    def _command(self, folder: Path) -> list[str]:
        os.environ["STAND_IN_SWITCH"] = str(folder / "switch")
        return [sys.executable, str(STAND_INS / "child.py"), self.what, "640", "480"]


class V4l2Stage(PicameraStage):
    what = "v4l2"


STAGES: dict[str, Callable[[Path], Stage]] = {
    "recorded": RecordedStage,
    "recorded, without a small stream": LargeOnlyStage,
    "staged": StagedStage,
    "folder": FolderStage,
    "picamera2": PicameraStage,
    "v4l2": V4l2Stage,
}


@pytest.fixture(params=list(STAGES.values()), ids=list(STAGES))
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    if request.param == "table":  # the unit on the bench's table: hw/contract/stages.py
        yield request.getfixturevalue("table_stage")
        return
    monkeypatch.setenv("STAND_IN_SWITCH", "")
    make: Callable[[Path], Stage] = request.param
    stage = make(tmp_path)
    yield stage
    stage.close()


def test_a_frame_is_a_colour_picture_of_bytes(stage: Stage) -> None:
    pixels = stage.camera.next_frame(2.0).pixels

    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3


def test_frames_are_numbered_upwards(stage: Stage) -> None:
    numbers = [stage.camera.next_frame(2.0).number for _ in range(4)]

    assert numbers == sorted(set(numbers))


def test_a_frame_is_never_older_than_the_call_for_it(stage: Stage) -> None:
    for _ in range(3):
        asked_s = stage.pass_time(0.5)
        assert stage.camera.next_frame(2.0).taken_s >= asked_s


def test_a_small_picture_shows_what_its_frame_shows(stage: Stage) -> None:
    frame = stage.camera.next_frame(2.0)
    if frame.small is None:
        return  # it is searched in the large one
    height, width = frame.small.shape[:2]
    scaled = cv2.resize(frame.pixels, (width, height), interpolation=cv2.INTER_AREA)

    assert width / height == pytest.approx(frame.pixels.shape[1] / frame.pixels.shape[0], rel=0.01)
    assert np.abs(scaled.astype(float) - frame.small).mean() < 4, "the same view in the same colours"


def test_no_two_frames_are_the_same_picture(stage: Stage) -> None:
    first, second = (stage.camera.next_frame(2.0).pixels for _ in range(2))

    assert not np.array_equal(first, second)


def test_a_frame_keeps_its_pixels_to_itself_in_print(stage: Stage) -> None:
    assert "pixels" not in repr(stage.camera.next_frame(2.0))


def test_a_frame_once_given_does_not_change(stage: Stage) -> None:
    frame = stage.camera.next_frame(2.0)
    before = frame.pixels.copy()
    stage.camera.next_frame(2.0)

    assert np.array_equal(frame.pixels, before)


def test_a_camera_that_broke_is_a_fault_each_time_until_it_is_mended(stage: Stage) -> None:
    number = stage.camera.next_frame(2.0).number
    stage.break_it()
    for _ in range(2):
        with pytest.raises(Fault) as fault:
            stage.camera.next_frame(0.1)
        assert fault.value.reason is Reason.CAMERA_FAULT
    stage.mend_it()

    assert stage.camera.next_frame(2.0).number > number


def test_a_frame_that_was_forgotten_is_black_for_whoever_still_has_it(stage: Stage) -> None:
    frames = [stage.camera.next_frame(2.0) for _ in range(3)]
    part = frames[0].pixels[10:20]
    assert part.any()
    stage.camera.forget()

    assert not part.any()
    assert not any(frame.pixels.any() for frame in frames)
    assert not any(frame.small.any() for frame in frames if frame.small is not None)
    assert stage.camera.next_frame(2.0).pixels.any()


def test_light_may_be_held_and_let_go_while_frames_go_on(stage: Stage) -> None:
    for hold in (True, False):
        stage.camera.hold_light(hold=hold)
        assert stage.camera.next_frame(2.0).pixels.any()


def test_a_recorded_camera_that_hangs_gives_no_old_frame() -> None:
    camera = RecordedCamera(SimulatedClock())
    camera.next_frame(1.0)
    camera.freeze()

    with pytest.raises(Fault, match=r"within 1 s") as fault:
        camera.next_frame(1.0)
    assert fault.value.reason is Reason.CAMERA_FAULT


def test_a_covered_lens_gives_black_frames_and_no_fault() -> None:
    camera = RecordedCamera(SimulatedClock())
    camera.show(PHOTO)
    camera.go_black()

    assert not camera.next_frame(1.0).pixels.any()


def test_the_same_seed_films_the_same_frames() -> None:
    def film(seed: int) -> bytes:
        camera = RecordedCamera(SimulatedClock(), seed=seed)
        camera.show(PHOTO, PHOTO)
        return b"".join(camera.next_frame(1.0).pixels.tobytes() for _ in range(3))

    assert film(1) == film(1) != film(2)
