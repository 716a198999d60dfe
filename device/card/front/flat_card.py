"""A card that was found in a picture, ready to be looked at in millimetres."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from device.card.front.layout import HEIGHT_MM, PORTRAIT, WIDTH_MM, Zone
from device.card.front.lines import PX_PER_MM, Grey, Line, find_lines
from device.card.front.outline import Corners, straightening, turned
from device.card.front.recogniser import cut_line
from device.ports.camera import Picture

PORTRAIT_PX_PER_MM: Final = 2.0
"""Enough to see that there is one."""
PORTRAIT_IN_DOUBT: Final = 1.5
"""Where the portrait is, the picture varies at least so many times more than where it would be upside down."""


@dataclass(frozen=True, slots=True, eq=False)
class FlatCard:
    """A picture, where the card is in it, and the card straightened."""

    picture: Picture = field(repr=False)
    corners: Corners = field(repr=False)
    flat: Grey = field(repr=False)

    @classmethod
    def of(cls, picture: Picture, corners: Corners) -> FlatCard:
        """Straighten a card whose upper left corner is the first one."""
        return cls(picture, corners, _straight(picture, corners, PX_PER_MM))

    def lines(self, zone: Zone) -> list[Line]:
        """Return the pieces of text in a zone, widest first."""
        return find_lines(self.flat, zone)

    def cut(self, line: Line, margin: float, beside: float | None = None) -> Picture:
        """Return one line as the recogniser takes it; the caller wipes it."""
        return cut_line(self.picture, self.corners, line, margin, beside)

    def wipe(self) -> None:
        """Overwrite what was made here; the picture is the camera's."""
        self.flat.fill(0)


def ways_up(picture: Picture, corners: Corners) -> tuple[Corners, ...]:
    """Return which ways up to try, the likelier first: the portrait is the one large thing with light and shade."""
    small = _straight(picture, corners, PORTRAIT_PX_PER_MM)
    here, there = (float(cut.std()) for cut in (_portrait(small), _portrait(small[::-1, ::-1])))
    small.fill(0)
    if here > PORTRAIT_IN_DOUBT * there:
        return (corners,)
    if there > PORTRAIT_IN_DOUBT * here:
        return (turned(corners),)
    return (corners, turned(corners)) if here >= there else (turned(corners), corners)


def _portrait(small: Grey) -> Grey:
    left, top, right, bottom = (round(mm * PORTRAIT_PX_PER_MM) for mm in PORTRAIT)
    return small[top:bottom, left:right]


def _straight(picture: Picture, corners: Corners, px_per_mm: float) -> Grey:
    size = (round(WIDTH_MM * px_per_mm), round(HEIGHT_MM * px_per_mm))
    straight = cv2.warpPerspective(picture, straightening(corners, px_per_mm), size, flags=cv2.INTER_LINEAR)
    # The print is black, the pattern under it coloured: in its lightest colour a pixel of the pattern is hardly darker.
    blue, green, red = cv2.split(straight)
    flat = np.asarray(cv2.max(cv2.max(blue, green), red), np.uint8)
    straight.fill(0)
    return flat
