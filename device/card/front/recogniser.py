"""From a piece of text in a picture to characters with certainties: one pass of the network, read greedily (CTC)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from device.card.front.lines import Line
from device.card.front.outline import Corners, straightening
from device.card.front.symbols import BLANK, BYTE_OF_CLASS, CLASSES, SPACE, UNKNOWN
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.camera import Picture
from device.ports.network import Network, Tensor

HEIGHT_PX: Final = 48
"""The network's own input height."""
WIDTH_STEP_PX: Final = 8
MOST_WIDTH_PX: Final = 1280
MARGIN: Final = 0.22
"""Above and below the ink, by its height; beside it twice that."""
WIDE_MARGIN: Final = 0.40
"""For a second look: the same characters, smaller and on other pixels, and beside the line what may belong to it."""
TORN: Final = 6.0
"""Beside a date that may have lost words at its ends, by its height: a year and the blank after it."""
SHARPENING_PX: Final = 4.0
SHARPENING: Final = 3.0
"""An unsharp mask of about the width of a stroke; half of the blurred misreadings fall apart under it."""
QUIETING_PX: Final = 1.2
"""Standard deviation of the smoothing before blur is estimated."""
STRETCHING: Final = 1.6
"""Enough for the network to see the gap between two equal narrow digits that it took for one."""
MIDDLE: Final = 127.5
"""Bytes become (value - MIDDLE) / MIDDLE, as the network was trained."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """What one line says. Without spaces; see `symbols` for the alphabet."""

    symbols: bytearray = field(repr=False)
    certainties: list[float] = field(repr=False)
    """The network's probability of each symbol, 0 to 1."""

    def wipe(self) -> None:
        """Overwrite the symbols."""
        self.symbols[:] = bytes(len(self.symbols))


class Recogniser:
    """Reads single lines."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def read(self, cut: Picture) -> Text:
        """Read one line of text, HEIGHT_PX high.

        Raise Fault(INTERNAL_FAULT) when the network does not answer like a text recogniser.
        """
        tensor = np.ascontiguousarray((cut.astype(np.float32) / MIDDLE - 1).transpose(2, 0, 1)[None])
        try:
            outputs = self._network.run(tensor)
        finally:
            tensor.fill(0)
        chances = next(iter(outputs.values()), np.empty(0, np.float32))
        if chances.ndim != 3 or chances.shape[0] != 1 or chances.shape[2] != CLASSES:  # noqa: PLR2004  batch, steps, classes
            raise Fault(
                f"the text recogniser answers with the shape {chances.shape}",
                part="card_front",
                reason=Reason.INTERNAL_FAULT,
            )
        return decode(chances[0])


def decode(chances: Tensor) -> Text:
    """Return the text of steps x classes: the likeliest class of each step, repeats and blanks left out."""
    symbols, certainties = bytearray(), list[float]()
    likeliest = chances.argmax(axis=1)
    before = BLANK
    for step, place in enumerate(likeliest.tolist()):
        certainty = float(chances[step, place])
        if place == before and symbols and place not in {BLANK, SPACE}:
            certainties[-1] = max(certainties[-1], certainty)
        elif place not in {BLANK, SPACE}:
            symbols.append(BYTE_OF_CLASS.get(place, UNKNOWN))
            certainties.append(certainty if math.isfinite(certainty) else 0.0)
        before = place
    return Text(symbols, certainties)


def cut_line(
    picture: Picture, corners: Corners, line: Line, margin_share: float = MARGIN, beside_share: float | None = None
) -> Picture:
    """Return one line of the card, HEIGHT_PX high, straight from the picture: no pixel is interpolated twice.

    Both shares are of the line's height: what is taken above and below it, and beside it (None: twice as much).
    """
    margin = margin_share * line.height
    px_per_mm = HEIGHT_PX / (line.height + 2 * margin)
    beside = 2 * margin if beside_share is None else beside_share * line.height
    left, top, right = line.left - beside, line.top - margin, line.right + beside
    width = math.ceil((right - left) * px_per_mm / WIDTH_STEP_PX) * WIDTH_STEP_PX
    shift = np.array([[1, 0, -left * px_per_mm], [0, 1, -top * px_per_mm], [0, 0, 1]])
    cut = cv2.warpPerspective(
        picture,
        shift @ straightening(corners, px_per_mm),
        (min(width, MOST_WIDTH_PX), HEIGHT_PX),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.uint8)


def blur(cut: Picture, margin_share: float = MARGIN) -> float:
    """Return how soft the print's edges are: the blur's standard deviation by the height of the ink.

    A stroke thinner than its blur is a bump of some contrast C that is at most C / (s * sqrt(e)) steep. Noise is steep,
    too, so it is smoothed away first, which makes all print a little softer; contrast and steepness are taken at high
    ranks instead of their maxima, because one pixel may still be noise.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), QUIETING_PX)
    darkest, lightest = np.percentile(grey, (3, 95))
    slope = np.hypot(*(cv2.Sobel(grey, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1))))
    steepest = float(np.percentile(slope, 95))
    ink_px = float(cut.shape[0]) / (1 + 2 * margin_share)
    grey.fill(0)
    contrast = float(lightest - darkest)
    return contrast / max(steepest * math.sqrt(math.e) * ink_px, math.ulp(1.0))


def sharpened(cut: Picture) -> Picture:
    """Return the line with blur undone as far as noise allows: what only blur has closed opens again."""
    soft = cv2.GaussianBlur(cut, (0, 0), SHARPENING_PX)
    return np.asarray(cv2.addWeighted(cut, 1 + SHARPENING, soft, -SHARPENING, 0), np.uint8)


def stretched(cut: Picture) -> Picture:
    """Return the line drawn out in its length."""
    width = min(math.ceil(cut.shape[1] * STRETCHING / WIDTH_STEP_PX) * WIDTH_STEP_PX, MOST_WIDTH_PX)
    return np.asarray(cv2.resize(cut, (width, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8)
