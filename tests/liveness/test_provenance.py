from __future__ import annotations

import numpy as np
import pytest

from device.face.liveness import FrameWatch, Oddity, Timing
from device.ports.camera import Frame, Picture

KEY = bytes(range(32))


def picture(seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)


def watch(*frames: Frame, late_s: float = 0.01) -> list[Oddity | None]:
    """Each frame is asked for just before it is taken, and is here a little after."""
    watching = FrameWatch(KEY)
    return [watching.check(it, asked_s=it.taken_s - 0.05, now_s=it.taken_s + late_s) for it in frames]


def test_frames_of_a_camera_that_is_looking_now_are_believed() -> None:
    frames = [Frame(picture(number), taken_s=number / 15, number=number) for number in range(1, 20)]

    assert watch(*frames) == [None] * 19


@pytest.mark.parametrize("apart", [1, 2, 7])
def test_a_picture_that_comes_again_is_told_however_many_frames_lie_between(apart: int) -> None:
    frames = [Frame(picture(number % apart), taken_s=1 + number / 15, number=number) for number in range(8)]

    assert watch(*frames)[apart] is Oddity.REPEATED
    assert watch(*frames)[:apart] == [None] * apart


def test_one_changed_bit_is_another_picture() -> None:
    first = picture(1)
    second = first.copy()
    second[5, 5, 0] ^= 1

    assert watch(Frame(first, 1.0, 1), Frame(second, 1.1, 2)) == [None, None]


def test_a_covered_lens_repeats_nothing() -> None:
    black = np.zeros((64, 64, 3), np.uint8)

    assert watch(Frame(black, 1.0, 1), Frame(black.copy(), 1.1, 2)) == [None, None]


@pytest.mark.parametrize(
    ("second", "odd"),
    [
        (Frame(picture(2), taken_s=1.1, number=1), Oddity.OUT_OF_ORDER),
        (Frame(picture(2), taken_s=1.1, number=0), Oddity.OUT_OF_ORDER),
        (Frame(picture(2), taken_s=1.0, number=2), Oddity.BACKWARDS),
        (Frame(picture(2), taken_s=0.5, number=2), Oddity.BACKWARDS),
        (Frame(picture(2), taken_s=1.001, number=2), Oddity.TOO_SOON),
        (Frame(picture(2), taken_s=2.9, number=9), None),
    ],
)
def test_numbers_and_times_go_on_as_a_camera_makes_them(second: Frame, odd: Oddity | None) -> None:
    assert watch(Frame(picture(1), 1.0, 1), second) == [None, odd]


def test_a_frame_is_neither_older_than_the_call_for_it_nor_from_the_future() -> None:
    frame = Frame(picture(1), taken_s=1.0, number=1)

    assert FrameWatch(KEY).check(frame, asked_s=1.1, now_s=1.2) is Oddity.STALE
    assert FrameWatch(KEY).check(frame, asked_s=0.5, now_s=0.9) is Oddity.FROM_THE_FUTURE
    assert FrameWatch(KEY).check(frame, asked_s=1.01, now_s=1.0) is None, "clocks are read one after the other"


def test_what_is_kept_of_a_picture_depends_on_a_key_of_the_attempt_and_says_so_nowhere() -> None:
    one, other = FrameWatch(KEY), FrameWatch(bytes(32))
    frame = Frame(picture(1), taken_s=1.0, number=1)
    for watching in (one, other):
        watching.check(frame, asked_s=1.0, now_s=1.0)

    assert one._seen.isdisjoint(other._seen)  # noqa: SLF001  what is kept is the point
    assert frame.pixels.tobytes() not in b"".join(one._seen)  # noqa: SLF001


def test_a_camera_that_takes_too_long_is_told_from_a_unit_that_does() -> None:
    watching = FrameWatch(KEY)
    watching.check(Frame(picture(1), 1.0, 1), asked_s=1.0, now_s=1.0)

    assert watching.check(Frame(picture(2), 901.0, 2), asked_s=900.9, now_s=901.0) is None, "the unit was busy"
    assert watching.check(Frame(picture(3), 905.0, 3), asked_s=902.0, now_s=905.0) is Oddity.LATE


def test_limits_are_the_sites_to_set() -> None:
    patient = FrameWatch(KEY, Timing(longest_wait_s=10))

    assert patient.check(Frame(picture(2), 9.0, 2), asked_s=0.0, now_s=9.0) is None
