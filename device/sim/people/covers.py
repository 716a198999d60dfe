"""Masks, sunglasses and hands, drawn over the face of a photo.

Drawn from the five points: shapes are given in eye distances across and eye-to-mouth distances down, from the middle of
the eyes. A mask takes the light of the face that it lies on and has pleats; its colour, outline and pleats vary by
chance. Crude, as all that is drawn: it shows what a judge of covers reacts to, not how it fares in a clinic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from device.face.detect import Points
from device.ports.camera import Picture

Spot = tuple[float, float]
"""Across, down."""
Layer = npt.NDArray[np.float32]

MASK_OUTLINE: tuple[Spot, ...] = (
    (0, 0.36),
    (0.35, 0.5),
    (0.85, 0.42),
    (1.02, 0.55),
    (0.95, 1.1),
    (0.62, 1.6),
    (0, 1.85),
    (-0.62, 1.6),
    (-0.95, 1.1),
    (-1.02, 0.55),
    (-0.85, 0.42),
    (-0.35, 0.5),
)
LOOPS: tuple[tuple[Spot, Spot], ...] = (((0.98, 0.5), (1.15, 0)), ((-0.98, 0.5), (-1.15, 0)))
TEMPLES: tuple[tuple[Spot, Spot], ...] = (((0.85, -0.02), (1.2, -0.1)), ((-0.85, -0.02), (-1.2, -0.1)))
FINGERS = (0.62, 0.84, 1.06, 1.28, 1.5)
SUB_PIXEL_BITS = 4


class Cover(StrEnum):
    """What may lie over a face."""

    WHITE_MASK = "white mask"
    LIGHT_BLUE_MASK = "light blue mask"
    PINK_MASK = "pink mask"
    BLACK_MASK = "black mask"
    GREY_MASK = "grey mask"
    BEIGE_MASK = "beige mask"
    SUNGLASSES = "sunglasses"
    HAND = "hand over the mouth"


COLOURS = {
    Cover.WHITE_MASK: (235, 235, 235),
    Cover.LIGHT_BLUE_MASK: (225, 200, 160),
    Cover.PINK_MASK: (200, 190, 235),
    Cover.BLACK_MASK: (35, 32, 30),
    Cover.GREY_MASK: (130, 130, 130),
    Cover.BEIGE_MASK: (165, 190, 215),
}
"""Blue, green, red under full light."""


def covered(picture: Picture, points: Points, cover: Cover, *, seed: int = 0) -> Picture:
    """Return the picture with this over its face; the same for the same seed."""
    face = _FaceOn(picture, points)
    chance = np.random.default_rng(seed)
    match cover:
        case Cover.SUNGLASSES:
            drawn = _sunglasses(face, chance)
        case Cover.HAND:
            drawn = _hand(face, chance)
        case mask:
            drawn = _mask(face, COLOURS[mask], chance)
    seen: Picture = np.clip(drawn, 0, 255).astype(np.uint8)
    return seen


@dataclass(frozen=True, slots=True, eq=False)
class _FaceOn:
    picture: Picture
    points: Points

    @property
    def eyes(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.points[1] - self.points[0], np.float64)

    @property
    def eye_distance(self) -> float:
        return float(np.hypot(*self.eyes))

    @property
    def middle(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.points[:2].mean(axis=0), np.float64)

    @property
    def down(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.points[3:].mean(axis=0), np.float64) - self.middle

    def at(self, spots: Sequence[Spot]) -> npt.NDArray[np.float64]:
        """Return these places in pixels."""
        given = np.array(spots)
        return self.middle + given[:, :1] * self.eyes + given[:, 1:] * self.down

    def empty(self) -> Layer:
        return np.zeros(self.picture.shape[:2], np.float32)

    def line(self, layer: Layer, ends: Sequence[Spot], width: float) -> None:
        """Draw a line whose width is given in eye distances."""
        begin, end = (tuple(int(value) for value in place) for place in self.at(ends))
        cv2.line(layer, begin, end, 1.0, max(1, round(width * self.eye_distance)), cv2.LINE_AA)

    def laid_over(self, below: npt.NDArray[np.floating], layer: Layer, what: npt.ArrayLike) -> npt.NDArray[np.floating]:
        share = layer[..., np.newaxis]
        mixed: npt.NDArray[np.floating] = below * (1 - share) + np.asarray(what) * share
        return mixed


def _mask(face: _FaceOn, colour: tuple[int, int, int], chance: np.random.Generator) -> npt.NDArray[np.floating]:
    loose = np.array(MASK_OUTLINE) + chance.normal(0, 0.03, (len(MASK_OUTLINE), 2))
    layer = face.empty()
    outline = np.round(_rounded(face.at([(x, y) for x, y in loose])) * 2**SUB_PIXEL_BITS).astype(np.int32)
    cv2.fillPoly(layer, [outline], 1.0, cv2.LINE_AA, SUB_PIXEL_BITS)
    grey = cv2.cvtColor(face.picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    blur = max(1.0, 0.3 * face.eye_distance)
    around = cv2.GaussianBlur(grey * layer, (0, 0), blur) / np.maximum(cv2.GaussianBlur(layer, (0, 0), blur), 1e-3)
    mean = max(1.0, float((grey * layer).sum() / max(layer.sum(), 1.0)))
    light = np.clip(around / mean, 0.5, 1.6) * np.clip(mean / 140, 0.35, 1.3)
    across = np.indices(grey.shape, np.float32)[::-1].transpose(1, 2, 0) - face.middle
    depth = across @ face.down / float(face.down @ face.down)
    has_pleats = chance.random() < 0.7  # noqa: PLR2004  most have
    pleats = 1 + 0.07 * has_pleats * np.sin((depth - 0.4) * 20) * ((depth > 0.7) & (depth < 1.4))  # noqa: PLR2004
    shown = np.array(colour) * chance.uniform(0.9, 1.1)
    cloth = shown * (light * pleats)[..., np.newaxis] + chance.normal(0, 2.5, face.picture.shape)
    for loop in LOOPS:
        face.line(layer, loop, 0.03)
    return face.laid_over(face.picture.astype(np.float32), layer, cloth)


def _sunglasses(face: _FaceOn, chance: np.random.Generator) -> npt.NDArray[np.floating]:
    layer = face.empty()
    wide, high = chance.uniform((0.36, 0.27), (0.44, 0.34)) * face.eye_distance
    tilt = float(np.degrees(np.arctan2(face.eyes[1], face.eyes[0])))
    for middle in face.at([(-0.5, 0.06), (0.5, 0.06)]):
        x, y = (round(value) for value in middle)
        cv2.ellipse(layer, (x, y), (round(wide), round(high)), tilt, 0, 360, 1.0, -1, cv2.LINE_AA)
    face.line(layer, ((-0.2, -0.02), (0.2, -0.02)), 0.07)
    for temple in TEMPLES:
        face.line(layer, temple, 0.05)
    glass = chance.uniform(8, 50) + chance.uniform(-6, 12, 3)
    rows = np.arange(len(layer))[:, np.newaxis]
    sky = np.clip(1 - np.abs(rows - face.middle[1] + 0.15 * face.eye_distance) / (0.25 * face.eye_distance), 0, 1)
    shown = glass + chance.uniform(0, 35) * np.broadcast_to(sky, layer.shape)[..., np.newaxis]
    return face.laid_over(face.picture.astype(np.float32), layer * chance.uniform(0.85, 1.0), shown)


def _hand(face: _FaceOn, chance: np.random.Generator) -> npt.NDArray[np.floating]:
    side = chance.choice([-1, 1])
    reach = max(2, round(0.12 * face.eye_distance))
    height, width = face.picture.shape[:2]
    cheeks = []
    for x, y in face.at([(-0.5, 0.45), (0.5, 0.45)]):
        left, top = (int(np.clip(value, reach, limit - reach)) for value, limit in ((x, width), (y, height)))
        cheeks.append(np.median(face.picture[top - reach : top + reach, left - reach : left + reach], axis=(0, 1)))
    skin = np.mean(cheeks, axis=0) * chance.uniform(0.85, 1.1)
    drawn = face.picture.astype(np.float32)
    for low in FINGERS:
        ends = ((side * 1.3, low + 0.25), (-side * chance.uniform(0.45, 0.75), low))
        for finger_width, brightness in ((0.3, 0.72), (0.25, 1.0)):  # the gap between two fingers is in shadow
            layer = face.empty()
            face.line(layer, ends, finger_width)
            drawn = face.laid_over(drawn, layer, skin * brightness + chance.normal(0, 2, 3)).astype(np.float32)
    return drawn + chance.normal(0, 2, drawn.shape)


def _rounded(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the outline with its corners cut, three times (Chaikin)."""
    for _ in range(3):
        following = np.roll(corners, -1, axis=0)
        cut = np.stack([0.75 * corners + 0.25 * following, 0.25 * corners + 0.75 * following], axis=1)
        corners = cut.reshape(-1, 2)
    return corners
