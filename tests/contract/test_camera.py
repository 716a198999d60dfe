"""What every camera promises, and every reader of card fronts, asked of each that there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pytest

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Camera, CardFront
from device.sim.camera import RecordedCamera
from device.sim.card_front import SimulatedCardFront
from device.sim.clock import SimulatedClock
from device.sim.portrait import Photo

PHOTO = Photo(pixels=np.random.default_rng(1).integers(0, 256, (300, 200, 3), np.uint8), face=(60, 60, 80, 100))
PRINTED = b"55021720352285"


class Stage(Protocol):
    """A camera with something before it, and what can happen to it."""

    camera: Camera

    def pass_time(self, seconds: float) -> float: ...
    def break_it(self) -> None: ...
    def mend_it(self) -> None: ...


class RecordedStage:
    def __init__(self) -> None:
        self._clock = SimulatedClock()
        self._recorded = RecordedCamera(self._clock, seed=7)
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


@pytest.fixture(params=[RecordedStage], ids=["recorded"])
def stage(request: pytest.FixtureRequest) -> Stage:
    make: Callable[[], Stage] = request.param
    return make()


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


@pytest.fixture
def on_the_reader() -> ReferenceNumberB:
    return ReferenceNumberB(PRINTED)


@pytest.fixture
def front(on_the_reader: ReferenceNumberB) -> SimulatedCardFront:
    return SimulatedCardFront(lambda: on_the_reader)


def test_a_clear_print_is_read_into_a_copy_that_may_be_wiped(front: CardFront, on_the_reader: ReferenceNumberB) -> None:
    seen = front.read(2.0)
    assert seen is not None
    assert seen.reveal() == PRINTED
    seen.wipe()

    assert on_the_reader.reveal() == PRINTED


def test_no_card_and_a_smudged_card_give_no_number(front: SimulatedCardFront) -> None:
    assert SimulatedCardFront(lambda: None).read(2.0) is None

    front.smudge()
    assert front.read(2.0) is None


def test_one_misreading_is_wrong_in_one_digit_and_the_next_is_right(front: SimulatedCardFront) -> None:
    front.misread_once()
    wrong, right = front.read(2.0), front.read(2.0)

    assert wrong is not None
    assert right is not None
    assert sum(one != other for one, other in zip(wrong.reveal(), PRINTED, strict=True)) == 1
    assert right.reveal() == PRINTED


def test_a_dead_card_camera_is_a_fault_until_it_is_mended(front: SimulatedCardFront) -> None:
    front.die()
    with pytest.raises(Fault) as fault:
        front.read(2.0)
    assert fault.value.reason is Reason.CAMERA_FAULT
    front.recover()

    assert front.read(2.0) is not None
