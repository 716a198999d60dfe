"""Where text is within a zone of the flat card: dark strokes of the right height, close enough to be one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from device.card.front.layout import Zone

PX_PER_MM: Final = 10.0
"""Of the flat picture in which lines are looked for."""
STROKE_MM: Final = 1.2
"""Strokes are narrower than this; broader dark things are no text."""
SHARE_OF_DARKEST: Final = 0.42
LEAST_LEVELS: Final = 8.0
ROW_OF_PRINT: Final = 0.12
"""A row that goes through print has more than this of the ink that the fullest row has."""
MOST_LINES: Final = 8
"""More than this in a zone is not the front of a card."""

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text on the flat card, in millimetres."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of its ink."""
        return self.bottom - self.top

    def near(self, other: Line, distance: float) -> bool:
        """Whether the other stands on the same level with less than `distance` between the two."""
        level = other.top < self.bottom and self.top < other.bottom
        return level and other.left - distance < self.right and self.left - distance < other.right


def find_lines(flat: Grey, zone: Zone) -> list[Line]:
    """Return the pieces of text in `zone`, widest first; `flat` is the whole card at PX_PER_MM."""
    left, top, right, bottom = (round(mm * PX_PER_MM) for mm in (zone.left, zone.top, zone.right, zone.bottom))
    cut = flat[top:bottom, left:right]
    strokes = _strokes(cut)
    joined = cv2.dilate(strokes, np.ones((1, round(zone.joint * PX_PER_MM)), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found: list[Line] = []
    for label in range(1, len(boxes)):
        x, y, width, height = (int(value) for value in boxes[label][:4])
        ink = strokes[y : y + height, x : x + width] & (labels[y : y + height, x : x + width] == label)
        found += [line for line in _levels(ink, x + left, y + top) if _fits(line, zone)]
    found.sort(key=lambda line: line.left - line.right)
    return found[:MOST_LINES]


def _fits(line: Line, zone: Zone) -> bool:
    return zone.smallest_text <= line.height <= zone.largest_text and line.right - line.left > line.height


def _strokes(cut: Grey) -> Grey:
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (round(STROKE_MM * PX_PER_MM),) * 2)
    dark = cv2.morphologyEx(cut, cv2.MORPH_BLACKHAT, kernel)
    limit = max(LEAST_LEVELS, SHARE_OF_DARKEST * float(np.percentile(dark, 99.7)))
    strokes = np.asarray(dark > limit, np.uint8)
    # Waves of the ground and scratches leave hair lines; print has body.
    return np.asarray(cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)


def _levels(ink: npt.NDArray[np.uint8], x: int, y: int) -> Iterator[Line]:
    """Yield the box of each level of text in the ink, without the stray pixels above, between and below them."""
    rows = ink.sum(axis=1, dtype=np.int64)
    full = np.concatenate([[False], rows > ROW_OF_PRINT * rows.max(), [False]])
    for top, bottom in np.flatnonzero(full[1:] != full[:-1]).reshape(-1, 2).tolist():
        columns = np.flatnonzero(ink[top:bottom].any(axis=0))
        yield Line(
            left=(x + int(columns[0])) / PX_PER_MM,
            top=(y + top) / PX_PER_MM,
            right=(x + int(columns[-1]) + 1) / PX_PER_MM,
            bottom=(y + bottom) / PX_PER_MM,
        )
