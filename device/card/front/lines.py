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
"""Ink is at least so dark by the darkest stroke near it…"""
SHARE_OF_ALL: Final = 0.3
"""…and by the darkest strokes of a zone with much text. One with little has to be read by those alone, or the ground's
pattern would pass for text wherever there is none."""
NEAR_PX: Final = 31
FLATTEST_PX: Final = 4
"""No character is flatter; the one kanji that is a single stroke is in none of the fields."""
WAVE_REACH_PX: Final = 30.0
WAVE_PX: Final = 4.5
"""What reaches farther than a character, and is on average thinner than this, is a line of the pattern…"""
FLAT_WAVE: Final = 2.5
"""…and so is a short piece of one, by its width in heights."""
LEAST_LEVELS: Final = 8.0
ROW_OF_PRINT: Final = 0.12
"""A row that goes through print has more than this of the ink that the fullest row has."""
SAME_LEVEL: Final = 0.35
"""Two pieces stand on one level when they share more than this of the lower one's height."""
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
        shared = min(self.bottom, other.bottom) - max(self.top, other.top)
        level = shared > SAME_LEVEL * min(self.height, other.height)
        return level and other.left - distance < self.right and self.left - distance < other.right


def find_lines(flat: Grey, zone: Zone) -> list[Line]:
    """Return the pieces of text in `zone`, widest first; `flat` is the whole card at PX_PER_MM."""
    left, top, right, bottom = (round(mm * PX_PER_MM) for mm in (zone.left, zone.top, zone.right, zone.bottom))
    cut = flat[top:bottom, left:right]
    strokes = _strokes(cut, zone)
    joined = cv2.dilate(strokes, np.ones((3, round(zone.joint * PX_PER_MM)), np.uint8))
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


def _strokes(cut: Grey, zone: Zone) -> Grey:
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (round(STROKE_MM * PX_PER_MM),) * 2)
    dark = cv2.morphologyEx(cut, cv2.MORPH_BLACKHAT, kernel)
    # Glare and shadow leave less of the ink's contrast in one place than in another, so it is compared with its own
    # neighbourhood; the pattern of the ground is what keeps that from going down everywhere.
    near = cv2.blur(cv2.dilate(dark, np.ones((NEAR_PX, NEAR_PX), np.uint8)), (NEAR_PX, NEAR_PX)).astype(np.float32)
    floor = max(LEAST_LEVELS, (SHARE_OF_ALL if zone.much_text else SHARE_OF_DARKEST) * float(np.percentile(dark, 99.7)))
    strokes = np.asarray(dark > np.maximum(floor, SHARE_OF_DARKEST * near), np.uint8)
    return _print_alone(np.asarray(cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8))


def _print_alone(strokes: Grey) -> Grey:
    """Return the strokes without the ground's waves and without scratches: flat pieces, and long thin ones."""
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    width, height, area = boxes[:, 2], boxes[:, 3], boxes[:, 4]
    reach = np.hypot(width, height)
    wave = ((reach > WAVE_REACH_PX) & (area < WAVE_PX * reach)) | ((width > FLAT_WAVE * height) & (area < 3 * width))
    keep = (height >= FLATTEST_PX) & ~wave
    keep[0] = False
    return np.asarray(keep[labels], np.uint8)


def _levels(ink: npt.NDArray[np.uint8], x: int, y: int) -> Iterator[Line]:
    """Yield the box of each level of text in the ink, without the stray pixels above, between and below them."""
    rows = ink.sum(axis=1, dtype=np.int64)
    full = np.asarray(rows > ROW_OF_PRINT * rows.max(), np.uint8)[:, None]
    # A thin 7 has a row without ink in its middle; two lines are farther apart than that.
    whole = cv2.morphologyEx(np.pad(full, ((3, 3), (0, 0))), cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8))[3:-3, 0]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], whole, [0]]).astype(np.int8)))
    for top, bottom in edges.reshape(-1, 2).tolist():
        columns = np.flatnonzero(ink[top:bottom].any(axis=0))
        yield Line(
            left=(x + int(columns[0])) / PX_PER_MM,
            top=(y + top) / PX_PER_MM,
            right=(x + int(columns[-1]) + 1) / PX_PER_MM,
            bottom=(y + bottom) / PX_PER_MM,
        )
