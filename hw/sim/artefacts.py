"""What stands before a simulated bench's camera in place of a visitor: prints and screens of `device.sim.people`.

The photos are those of models/photos.toml. What nobody draws (eyes cut out, paper masks) cannot be tried here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np

from device.domain.values import Move
from device.ports.camera import Picture
from device.sim.camera import FACE_SHARE, SCENE_PX, Actor
from device.sim.people.actors import BentPrint, Print, Replay, Visitor, told
from device.sim.people.flat import held_up, on_screen
from device.sim.portrait import Photo
from hw.errors import CannotMeasure
from hw.rig.port import LIVE
from hw.sim import wardrobe

PEOPLE: Final = ("obama", "obama2", "astronaut", "biden")
HIGHLIGHT: Final = 90.0
"""Grey levels that a lamp adds in the middle of its reflection."""
PHONE_NEARER: Final = 0.8


class _Phone:
    """A still photo on a small screen, farther away than a sheet would be held."""

    def __init__(self, photo: Photo, number: int) -> None:
        self._screen = on_screen(photo.cut(300, 480, face_share=FACE_SHARE))
        self._tilt_deg = 3.0 * (number % 5 - 2)

    def film(self, at_s: float) -> Picture:
        """Return the scene."""
        sway = 2.0 * np.sin(at_s * 1.3)
        return held_up(self._screen, yaw_deg=self._tilt_deg + sway, nearer=PHONE_NEARER)


class _Glossy:
    """A print that a lamp is reflected in."""

    def __init__(self, photo: Photo, number: int) -> None:
        self._print = Print(photo, told(None))
        width, height = SCENE_PX
        spot = np.zeros((height, width), np.float32)
        cv2.ellipse(spot, (width // 2 + 40 * (number % 5 - 2), height // 3), (70, 30), 20.0, 0, 360, HIGHLIGHT, -1)
        self._glare = cv2.GaussianBlur(spot, (0, 0), 18.0)[..., np.newaxis]

    def film(self, at_s: float) -> Picture:
        """Return the scene."""
        return np.asarray(np.clip(self._print.film(at_s) + self._glare, 0, 255), np.uint8)


_DRAWN: Final[Mapping[str, Callable[[Photo, int], Actor]]] = MappingProxyType(
    {
        LIVE: lambda photo, _number: Visitor(photo, told(None)),
        "print_matte": lambda photo, _number: Print(photo, told(None)),
        "print_glossy": _Glossy,
        "print_bent": lambda photo, _number: BentPrint(photo, told(None)),
        "phone": _Phone,
        "tablet": lambda photo, _number: Replay(photo, None),
        "screen": lambda photo, number: Replay(photo, (Move.TURN_LEFT, Move.TURN_RIGHT)[number % 2]),
    }
)


def stand_in(species: str, number: int) -> Actor:
    """Return what is presented at the `number`th time. Raise CannotMeasure for a kind that nobody draws."""
    try:
        drawn = _DRAWN[species]
    except KeyError:
        raise CannotMeasure("nobody draws this kind: it takes a real one") from None
    return drawn(wardrobe.photo(PEOPLE[number % len(PEOPLE)]), number)
