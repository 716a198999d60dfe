"""The rule that says which pictures a reader must be able to read. It knows how the picture was made, not who reads it.

A picture is readable when the card lies in it with all four corners, and every character of the three fields

- is tall enough in pixels,
- is blurred by no more than a share of its height,
- stands out from the paper by enough levels (its ink against the same place without ink, after light, glare, wear,
  haze and blur, before noise), and by enough times the noise.

How hard a picture is, is told as a share of the limit that it comes nearest to: above 1 it need not be read.
Everything else is counted apart, never as a success, and a wrong number from it is as wrong as any other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from device.sim.card_front_pictures.camera import (
    FRAME_HEIGHT_PX,
    FRAME_WIDTH_PX,
    View,
    Window,
    card_to_frame,
    expose,
)
from device.sim.card_front_pictures.layout import HEIGHT_PX
from device.sim.card_front_pictures.printing import Boxes, PrintedCard

SMALLEST_CHARACTER_PX: Final = 14.0
MOST_BLUR: Final = 0.10
"""Standard deviation of all blur by height of a digit."""
LEAST_CONTRAST: Final = 30.0
"""Levels."""
LEAST_CONTRAST_TO_NOISE: Final = 5.0
DIGIT_SHARE: Final = 0.82
"""A digit's height by the height of the tallest characters on its line."""


class Legibility(StrEnum):
    """What makes a picture hard, and past its limit unreadable."""

    OFF_FRAME = "off the frame"
    TOO_SMALL = "too small"
    TOO_BLURRED = "too blurred"
    TOO_FAINT = "too faint"
    TOO_NOISY = "too noisy"


@dataclass(frozen=True, slots=True)
class Hardness:
    """How near a picture is to what nobody has to read."""

    trouble: Legibility
    """Of all its troubles the one nearest to its limit, or farthest past it."""
    of_limit: float
    """From 0; 1 is the limit."""

    @property
    def readable(self) -> bool:
        """Whether a reader must read it."""
        return self.of_limit <= 1


@dataclass(frozen=True, slots=True)
class _Character:
    height_px: float
    contrast: float


def hardness(card: PrintedCard, view: View) -> Hardness:
    """Return how hard a picture of the card in this view is to read."""
    frame = np.array([FRAME_WIDTH_PX, FRAME_HEIGHT_PX])
    if (view.corners < 0).any() or (view.corners >= frame).any():
        return Hardness(Legibility.OFF_FRAME, math.inf)
    characters = _characters(card, view)
    smallest = min(character.height_px for character in characters)
    contrast = max(min(character.contrast for character in characters), math.ulp(1.0))
    # A smear of length L spreads like a standard deviation of L / sqrt(12).
    blur = math.hypot(view.defocus_px, view.motion_px / math.sqrt(12))
    shares = {
        Legibility.TOO_SMALL: SMALLEST_CHARACTER_PX / smallest,
        Legibility.TOO_BLURRED: blur / (MOST_BLUR * smallest),
        Legibility.TOO_FAINT: LEAST_CONTRAST / contrast,
        Legibility.TOO_NOISY: LEAST_CONTRAST_TO_NOISE * view.noise / contrast,
    }
    trouble = max(shares, key=shares.__getitem__)
    return Hardness(trouble, float(shares[trouble]))


def _characters(card: PrintedCard, view: View) -> list[_Character]:
    upper = card.boxes[:, 1] < HEIGHT_PX / 2
    groups = (card.boxes[upper], card.boxes[~upper])
    return [character for boxes in groups for character in _on_one_line(card, view, boxes)]


def _on_one_line(card: PrintedCard, view: View, boxes: Boxes) -> list[_Character]:
    quads = _in_frame(view, boxes)
    left, top = np.floor(quads.min(axis=(0, 1))).astype(int)
    right, bottom = np.ceil(quads.max(axis=(0, 1))).astype(int)
    window: Window = (max(left, 0), max(top, 0), min(right, FRAME_WIDTH_PX), min(bottom, FRAME_HEIGHT_PX))
    table = np.full((FRAME_HEIGHT_PX, FRAME_WIDTH_PX, 3), view.ground, np.uint8)
    ink, paper = (np.clip(expose(side, view, window, table), 0, 255).mean(axis=2) for side in (card.ink, card.paper))
    difference = np.abs(paper - ink)
    heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    line = float(heights.max()) * DIGIT_SHARE
    found = []
    for quad in quads:
        x0, y0 = np.floor(quad.min(axis=0)).astype(int) - window[:2]
        x1, y1 = np.ceil(quad.max(axis=0)).astype(int) - window[:2] + 1
        inside = difference[max(y0, 0) : y1, max(x0, 0) : x1]
        found.append(_Character(line, float(np.percentile(inside, 90)) if inside.size else 0.0))
    return found


def _in_frame(view: View, boxes: Boxes) -> npt.NDArray[np.float32]:
    """Return N x 4 x 2: the corners of each character's box, in pixels of the frame."""
    left, top, right, bottom = boxes.T
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 1, 2)
    return np.asarray(cv2.perspectiveTransform(corners, card_to_frame(view)), np.float32).reshape(-1, 4, 2)
