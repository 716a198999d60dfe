"""A camera that films photos: people step in and out, and it can misbehave."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

import cv2
import numpy as np

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.camera import Frame, Picture
from device.ports.clock import Clock
from device.sim.portrait import Photo

WIDTH_PX = 640
HEIGHT_PX = 480
SMALL_PX = (320, 240)
FACE_SHARE = 0.45
"""A visitor at arm's length fills about this much of the picture's height."""
SWAY_PX = 6
FLICKER = 0.04
NOISE = 3
WALL = 118
"""Grey value of the empty room."""


SCENE_PX = (WIDTH_PX + 2 * SWAY_PX, HEIGHT_PX + 2 * SWAY_PX)
"""Width and height of what may come into view while people sway."""


class Actor(Protocol):
    """Somebody, or something, before the camera that moves by itself."""

    def film(self, at_s: float) -> Picture:
        """Return what is to be seen at this moment: a picture of SCENE_PX."""


class _Trouble(Enum):
    NONE = auto()
    FROZEN = auto()
    DEAD = auto()
    BLACK = auto()


class RecordedCamera:
    """Frames of 640 x 480 made from photos, each a little different, the same ones for the same seed.

    May be told what to show from another thread than the one that takes the frames. `has_small`: each with its second,
    small picture, as the cameras of the Pi give it.
    """

    def __init__(self, clock: Clock, *, seed: int = 0, has_small: bool = True) -> None:
        self._clock = clock
        self._seed = seed
        self._has_small = has_small
        self._number = 0
        self._trouble = _Trouble.NONE
        self._scene: Callable[[float], Picture] = _Still()
        self._loop: list[Picture] = []
        self._loop_frames = 0
        self._off_s = 0.0
        self._given: list[weakref.ref[Picture]] = []

    def show(self, *people: Photo) -> None:
        """Nobody, one person, or several side by side stand before the camera from the next frame on."""
        self._scene = _Still(*people)

    def perform(self, actor: Actor) -> None:
        """An actor stands before the camera from the next frame on."""
        self._scene = actor.film

    def repeat(self, frames: int) -> None:
        """From now on so many frames are given again and again, with new numbers and times: somebody feeds them in."""
        self._loop, self._loop_frames = [], frames

    def mistime(self, seconds: float) -> None:
        """From now on frames say that they were taken so much later than they were."""
        self._off_s = seconds

    def freeze(self) -> None:
        """No new frame comes any more, as when libcamera hangs."""
        self._trouble = _Trouble.FROZEN

    def die(self) -> None:
        """The camera is gone, as when its cable comes loose."""
        self._trouble = _Trouble.DEAD

    def go_black(self) -> None:
        """Frames come, but they are black: the lens is covered."""
        self._trouble = _Trouble.BLACK

    def recover(self) -> None:
        """End whatever trouble there is."""
        self._trouble = _Trouble.NONE
        self._loop_frames, self._off_s = 0, 0.0

    def next_frame(self, timeout_s: float) -> Frame:
        """Return the next frame at once. Raise Fault(CAMERA_FAULT) while frozen or dead."""
        if self._trouble is _Trouble.FROZEN:
            raise Fault(f"no frame within {timeout_s:g} s", part="camera", reason=Reason.CAMERA_FAULT)
        if self._trouble is _Trouble.DEAD:
            raise Fault("the camera is gone", part="camera", reason=Reason.CAMERA_FAULT)
        self._number += 1
        pixels = self._looped() if self._loop_frames else self._film(self._number)
        small = cv2.resize(pixels, SMALL_PX, interpolation=cv2.INTER_AREA).astype(np.uint8) if self._has_small else None
        self._given = [array for array in self._given if array() is not None]
        self._given += [weakref.ref(array) for array in (pixels, small) if array is not None]
        taken_s = self._clock.monotonic_s() + self._off_s
        return Frame(pixels=pixels, taken_s=taken_s, number=self._number, small=small)

    def hold_light(self, *, hold: bool) -> None:
        """Nothing to do: the light here is always the same."""

    def forget(self) -> None:
        """Overwrite every frame that somebody still has."""
        for given in self._given:
            pixels = given()
            if pixels is not None:
                pixels.fill(0)
        self._given.clear()

    def _looped(self) -> Picture:
        if len(self._loop) < self._loop_frames:
            self._loop.append(self._film(self._number))
        else:
            self._loop.append(self._loop.pop(0))
        return self._loop[-1].copy()

    def _film(self, number: int) -> Picture:
        if self._trouble is _Trouble.BLACK:
            return np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        chance = np.random.default_rng((self._seed, number))
        left, top = chance.integers(0, 2 * SWAY_PX, size=2)
        scene = self._scene(self._clock.monotonic_s())
        seen = scene[top : top + HEIGHT_PX, left : left + WIDTH_PX].astype(np.float32)
        seen *= chance.uniform(1 - FLICKER, 1 + FLICKER)
        seen += chance.integers(-NOISE, NOISE, size=seen.shape, endpoint=True, dtype=np.int8)
        return np.clip(seen, 0, 255).astype(np.uint8)


class _Still:
    """People side by side who do nothing."""

    def __init__(self, *people: Photo) -> None:
        width, height = SCENE_PX
        self._picture = np.full((height, width, 3), WALL, np.uint8)
        for place, person in enumerate(people):
            left, right = place * width // len(people), (place + 1) * width // len(people)
            self._picture[:, left:right] = person.cut(right - left, height, face_share=FACE_SHARE)

    def __call__(self, at_s: float) -> Picture:  # noqa: ARG002  nothing moves
        return self._picture
