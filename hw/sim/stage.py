"""What the simulated rig has put around the simulated unit: card, picture, light; and when each came."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from device.ports.clock import Clock
from device.sim.camera import Actor
from hw.rig.port import Beside, Light, Picture

LUX = {Light.BRIGHT: 1000.0, Light.OFFICE: 300.0, Light.DIM: 30.0, Light.DARK: 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Presented:
    """Somebody, or something, that moves by itself."""

    actor: Actor


@dataclass(frozen=True, slots=True)
class Scene:
    """What the camera looks at."""

    picture: Picture | str | Presented = Picture.NOTHING
    light: Light = Light.OFFICE


@dataclass(slots=True)
class Stage:
    """The world around one unit."""

    clock: Clock
    spacer_mm: float = 0.0
    beside: Beside = Beside.NOTHING
    _scenes: list[tuple[float, Scene]] = field(default_factory=lambda: [(float("-inf"), Scene())])

    def scene(self, at_s: float) -> Scene:
        """Return what was to be seen at that moment."""
        return self._scenes[bisect_right(self._scenes, at_s, key=lambda each: each[0]) - 1][1]

    def show(self, picture: Picture | str | Presented) -> None:
        """Change the picture now."""
        self._change(Scene(picture, self._scenes[-1][1].light))

    def light(self, light: Light) -> None:
        """Change the light now."""
        self._change(Scene(self._scenes[-1][1].picture, light))

    def _change(self, scene: Scene) -> None:
        self._scenes = [*self._scenes[-8:], (self.clock.monotonic_s(), scene)]
