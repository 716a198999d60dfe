"""A simulated camera with a lens, a sensor and a cable: blur, noise, hot and dead pixels, lost frames, delay."""

from __future__ import annotations

import math
import random
import weakref
from collections.abc import Callable

import numpy as np

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.camera import Frame
from device.ports.camera import Picture as Pixels
from device.sim.clock import SimulatedClock
from device.sim.portrait import Photo
from hw.rig.port import Light, Picture
from hw.sim.physics import Physics
from hw.sim.scenes import HEIGHT_PX, WIDTH_PX, Reflectance, filmed, project
from hw.sim.stage import LUX, Presented, Scene, Stage

WANTED = 236.0
"""Grey level that the exposure brings full reflectance to: a grey card of 0.5 then shows as 118."""
GAIN_LX = 300.0
"""Light in which the sensor's own gain is enough."""
NOISES = 6
"""Fields of noise that come in turn; made once, because noise is what takes the time."""
SCENES = 3
"""That are kept rendered: a flash goes back and forth between two."""
KEPT = 16
"""Frames that somebody may still have."""
HOT_GREY = 140.0


class OpticsCamera:
    """The `Camera` of a simulated unit at the bench. One thread."""

    def __init__(self, physics: Physics, stage: Stage, clock: SimulatedClock, photo: Callable[[str], Photo]) -> None:
        self._physics = physics
        self._stage = stage
        self._clock = clock
        self._photo = photo
        self._chance = random.Random(physics.seed)  # noqa: S311  repeatable on purpose
        self._lowest_bits = draw = np.random.default_rng(physics.seed)
        self._noise = draw.standard_normal((NOISES, HEIGHT_PX, WIDTH_PX), np.float32)
        self._hot = draw.integers(0, (HEIGHT_PX, WIDTH_PX), (physics.hot_pixels, 2))
        self._dead = draw.integers(8, (HEIGHT_PX - 8, WIDTH_PX - 8), (physics.dead_pixels, 2))
        self._count = 0
        self._given: list[weakref.ref[Pixels]] = []
        self._thrown: dict[str, Reflectance] = {}
        self._ready: dict[tuple[Scene, int], Pixels] = {}

    def next_frame(self, timeout_s: float) -> Frame:
        """Return the next frame that was exposed after the call, when it has come. Raise Fault when dead."""
        if self._physics.camera_dead:
            self._clock.advance(timeout_s)
            raise Fault(f"no frame within {timeout_s:g} s", part="camera", reason=Reason.CAMERA_FAULT)
        tick = math.floor(self._clock.monotonic_s() / self._physics.frame_s) + 1
        while self._chance.random() < self._physics.frame_loss:
            tick += 1
        taken_s = tick * self._physics.frame_s
        self._clock.advance(max(0.0, taken_s + self._physics.camera_latency_s - self._clock.monotonic_s()))
        self._count += 1
        pixels = self._film(self._stage.scene(taken_s), taken_s).copy()
        # Fields of noise come again, and a unit takes frames that are equal to the last bit for a recording.
        pixels[self._count % HEIGHT_PX] ^= self._lowest_bits.integers(0, 1, (WIDTH_PX, 3), np.uint8, endpoint=True)
        self._given = [given for given in self._given[-KEPT:] if given() is not None] + [weakref.ref(pixels)]
        return Frame(pixels=pixels, taken_s=taken_s, number=tick)

    def hold_light(self, *, hold: bool) -> None:
        """The exposure is always right at once."""

    def forget(self) -> None:
        """Overwrite what somebody still has."""
        for given in self._given:
            pixels = given()
            if pixels is not None:
                pixels.fill(0)
        self._given.clear()

    def _film(self, scene: Scene, at_s: float) -> Pixels:
        turn = self._count % NOISES
        if isinstance(scene.picture, Presented):
            return self._render(
                scene.light, turn, filmed(scene.picture.actor.film(at_s), blur_px=self._physics.blur_px)
            )
        if (scene, turn) not in self._ready:
            if len(self._ready) >= SCENES * NOISES:
                self._ready.clear()
            self._ready[scene, turn] = self._render(scene.light, turn, self._throw(scene.picture))
        return self._ready[scene, turn]

    def _render(self, light: Light, turn: int, thrown: Reflectance) -> Pixels:
        lux = LUX[light]
        gain = min(self._physics.gain_limit, max(1.0, GAIN_LX / lux)) if lux else self._physics.gain_limit
        bright = min(1.0, gain * lux / GAIN_LX)
        seen = thrown * (WANTED * bright)
        seen += (self._physics.noise_grey * math.sqrt(gain) * self._noise[turn])[..., None]
        for row, column in self._hot:
            seen[row, column] += HOT_GREY
        for row, column in self._dead:
            seen[row, column] = 0
        return np.asarray(np.clip(seen, 0, 255), np.uint8)

    def _throw(self, picture: Picture | str) -> Reflectance:
        if picture not in self._thrown:
            seen = picture if isinstance(picture, Picture) else self._photo(picture)
            self._thrown[picture] = project(seen, blur_px=self._physics.blur_px, distortion=self._physics.distortion)
        return self._thrown[picture]
