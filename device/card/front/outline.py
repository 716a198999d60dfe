"""Where the card is in a picture: its four corners, found by its outline against a darker ground."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from device.card.front.layout import HEIGHT_MM, WIDTH_MM
from device.ports.camera import Picture

SEARCH_SIDE_PX: Final = 480
"""The long side of the picture that is searched; corners are made precise in the full one."""
SMALLEST_SHARE: Final = 0.12
"""Of the picture's area: a smaller card has no readable print at any resolution that we meet."""
LEAST_ASPECT: Final = 1.3
MOST_ASPECT: Final = 1.95
"""A card is 1.586 wide by high; seen at an angle it may come out between these."""
WIDEST_CORNER_COSINE: Final = 0.4
"""Its corners are right angles, within 23 degrees for the camera."""
LEAST_SUPPORT: Final = 0.62
"""How much of the outline must lie on an edge that gets brighter inwards."""
LEAST_SIDE_SUPPORT: Final = 0.3
"""And how much of each side: glare may hide a part, another thing's side counts for nothing."""
CERTAIN_SUPPORT: Final = 0.85
"""So much, and no other way of looking is tried."""
LEAST_STEP: Final = 14.0
"""What counts as an edge, in levels of a 3 x 3 Sobel filter per 8 of its weight."""
MOST_LINES: Final = 7
"""Of each direction: 21 pairs, so 441 candidates."""
CORNERS: Final = 4
SAMPLES_PER_SIDE: Final = 48

Grey = npt.NDArray[np.uint8]
Slopes = npt.NDArray[np.float32]
Corners = npt.NDArray[np.float32]
"""4 x 2: upper left, upper right, lower right, lower left, x and y in pixels; which long side is up is open."""


def find_card(picture: Picture) -> Corners | None:
    """Return the corners of the best thing of a card's shape, None if there is none or its corners are outside."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    scale = SEARCH_SIDE_PX / max(grey.shape)
    small = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    slopes = _slopes(small)
    best, most = None, 0.0
    for candidates in (_by_contour(small), _by_lines(small)):
        for rough in candidates:
            ordered = _ordered(rough)
            if not _card_like(ordered):
                continue
            snapped = _precise(small, ordered)
            if snapped is None:
                continue
            score = _support(slopes, snapped) * float(cv2.contourArea(snapped)) ** 0.25
            if score > most:
                best, most = snapped, score
        if best is not None and _support(slopes, best) >= CERTAIN_SUPPORT:
            break
    if best is None:
        return None
    return _precise(grey, best / np.float32(scale))


def straightening(corners: Corners, px_per_mm: float) -> npt.NDArray[np.float64]:
    """Return the 3 x 3 homography from the picture to a flat card of this scale."""
    right, bottom = WIDTH_MM * px_per_mm, HEIGHT_MM * px_per_mm
    flat = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, flat), np.float64)


def turned(corners: Corners) -> Corners:
    """Return the same card the other way up."""
    return np.roll(corners, 2, axis=0)


def _slopes(small: Grey) -> Slopes:
    """Return height x width x 2: how much brighter it gets to the right and downwards, in levels per pixel."""
    soft = cv2.GaussianBlur(small, (3, 3), 0)
    return np.stack([cv2.Sobel(soft, cv2.CV_32F, *way, scale=1 / 2) for way in ((1, 0), (0, 1))], axis=2)


def _support(slopes: Slopes, corners: Corners) -> float:
    """Return how much of the outline lies on an edge that gets brighter inwards; 0 if a side has next to none."""
    ends = np.roll(corners, -1, axis=0)
    along = ends - corners
    inwards = np.stack([-along[:, 1], along[:, 0]], axis=1)
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-6)
    shares = np.linspace(0.08, 0.92, SAMPLES_PER_SIDE, dtype=np.float32)
    points = corners[:, None] + shares[None, :, None] * along[:, None]
    strongest = np.zeros((CORNERS, SAMPLES_PER_SIDE), np.float32)
    for offset in (-2.0, -1.0, 0.0, 1.0, 2.0):
        at = (points + np.float32(offset) * inwards[:, None]).astype(np.float32)
        step = cv2.remap(slopes, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
        np.maximum(strongest, (step * inwards[:, None]).sum(axis=2), out=strongest)
    sides = (strongest >= LEAST_STEP).mean(axis=1)
    supported = sides.min() >= LEAST_SIDE_SUPPORT and sides.mean() >= LEAST_SUPPORT
    return float(sides.mean()) if supported else 0.0


def _by_contour(small: Grey) -> Iterator[Corners]:
    """Shapes that stand out as a whole: the usual case, and the cheap one."""
    soft = cv2.GaussianBlur(small, (5, 5), 0)
    _, bright = cv2.threshold(soft, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    for mask in (
        _closed(np.asarray(bright, np.uint8), 9),
        _closed(_edges(soft, 0.3), 5),
        _closed(_edges(soft, 0.12), 5),
    ):
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for outline in outlines:
            hull = cv2.convexHull(outline)
            around = cv2.arcLength(hull, closed=True)
            for tolerance in (0.02, 0.04, 0.06, 0.08):
                corners = cv2.approxPolyDP(hull, tolerance * around, closed=True).reshape(-1, 2).astype(np.float32)
                if len(corners) == CORNERS:
                    yield corners
                    break


def _by_lines(small: Grey) -> Iterator[Corners]:
    """Every four long lines that may be a card's sides: where glare or a bright thing has run into its shape."""
    soft = cv2.GaussianBlur(small, (9, 9), 0)  # the fine pattern of the ground has too many lines of its own
    slope = np.hypot(*(cv2.Sobel(soft, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))))
    high = max(20.0, float(np.percentile(slope, 96)))
    edges = cv2.Canny(soft, high / 2, high, L2gradient=True)
    found = cv2.HoughLines(edges, 1, np.pi / 180, max(small.shape) // 6)
    lines = found.reshape(-1, 2) if found is not None else np.empty((0, 2), np.float32)
    upright = np.abs(np.cos(lines[:, 1])) > np.sqrt(0.5)
    sides = [list(itertools.combinations(_apart(group), 2)) for group in (lines[~upright], lines[upright])]
    for (level, other), (left, right) in itertools.product(*sides):
        corners = [_meet(*pair) for pair in ((level, left), (level, right), (other, right), (other, left))]
        if all(corner is not None for corner in corners):
            yield np.array(corners, np.float32)


def _apart(lines: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return the strongest lines (distance, angle), without those that say the same as a stronger one."""
    kept: list[npt.NDArray[np.float32]] = []
    for line in lines:
        if all(abs(np.sin(line[1] - other[1])) > 0.09 or _gap(line, other) > 8 for other in kept):  # noqa: PLR2004  5 degrees, 8 px
            kept.append(line)
            if len(kept) == MOST_LINES:
                break
    return kept


def _gap(line: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    sign = 1 if np.cos(line[1] - other[1]) > 0 else -1
    return abs(float(line[0] - sign * other[0]))


def _meet(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> tuple[float, float] | None:
    """Return where two lines x cos + y sin = distance cross."""
    determinant = float(np.sin(other[1] - one[1]))
    if abs(determinant) < 0.1:  # noqa: PLR2004  all but parallel
        return None
    x = (one[0] * np.sin(other[1]) - other[0] * np.sin(one[1])) / determinant
    y = (other[0] * np.cos(one[1]) - one[0] * np.cos(other[1])) / determinant
    return float(x), float(y)


def _edges(soft: npt.NDArray[Any], share: float) -> Grey:
    low = share * float(np.median(soft))
    return np.asarray(cv2.Canny(np.asarray(soft, np.uint8), max(8.0, low), max(20.0, 3 * low)), np.uint8)


def _closed(mask: Grey, size: int) -> Grey:
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel), np.uint8)


def _card_like(corners: Corners) -> bool:
    if not cv2.isContourConvex(corners) or cv2.contourArea(corners) < SMALLEST_SHARE * SEARCH_SIDE_PX**2 * 0.5:
        return False
    along = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(along, axis=1)
    if not LEAST_ASPECT <= (lengths[0] + lengths[2]) / (lengths[1] + lengths[3]) <= MOST_ASPECT:
        return False
    cosines = (along * np.roll(along, 1, axis=0)).sum(axis=1) / (lengths * np.roll(lengths, 1))
    return bool((np.abs(cosines) <= WIDEST_CORNER_COSINE).all())


def _ordered(corners: Corners) -> Corners:
    """Clockwise in the picture, a long side first, the upper or left one of the two."""
    clockwise = corners if cv2.contourArea(corners, oriented=True) > 0 else corners[::-1]
    sides = np.linalg.norm(np.roll(clockwise, -1, axis=0) - clockwise, axis=1)
    first = 0 if sides[0] + sides[2] >= sides[1] + sides[3] else 1
    middles = (clockwise + np.roll(clockwise, -1, axis=0)) / 2
    if middles[first].sum() > middles[(first + 2) % CORNERS].sum():
        first += 2
    return np.roll(clockwise, -first, axis=0).astype(np.float32)


def _precise(grey: Grey, corners: Corners) -> Corners | None:
    """Fit a line to each side's own edge and cross them: round and hidden corners do no harm that way."""
    reach = max(7, round(0.012 * max(grey.shape)))
    lines = [_side(grey, corners[at], corners[(at + 1) % CORNERS], reach) for at in range(CORNERS)]
    crossed = [_cross(lines[at - 1], lines[at]) for at in range(CORNERS)]
    if any(point is None for point in crossed):
        return None
    precise = np.array(crossed, np.float32)
    moved = np.linalg.norm(precise - corners, axis=1).max()
    height, width = grey.shape
    outside = (precise < -reach).any() or (precise > (width + reach, height + reach)).any()
    return None if outside or moved > 5 * reach else precise


def _side(
    grey: Grey, start: npt.NDArray[np.float32], end: npt.NDArray[np.float32], reach: int
) -> npt.NDArray[np.float32]:
    """Return direction and a point (4 numbers) of the strongest edge near the line from start to end."""
    along = end - start
    normal = np.array([-along[1], along[0]], np.float32) / max(float(np.linalg.norm(along)), 1.0)
    shares = np.linspace(0.08, 0.92, SAMPLES_PER_SIDE, dtype=np.float32)
    offsets = np.arange(-reach, reach + 1, dtype=np.float32)
    points = start + shares[:, None, None] * along + offsets[None, :, None] * normal
    levels = cv2.remap(grey, points[..., 0], points[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(levels.astype(np.float32), (5, 1), 0)
    steps = soft[:, 2:] - soft[:, :-2]  # the card is the brighter side, and it lies along the normal
    strongest = steps.argmax(axis=1)
    seen = points[np.arange(SAMPLES_PER_SIDE), strongest + 1]
    for _ in range(2):
        line = cv2.fitLine(seen, cv2.DIST_HUBER, 0, 0.01, 0.01).reshape(4)
        away = np.abs((seen - line[2:]) @ np.array([-line[1], line[0]], np.float32))
        seen = seen[away <= max(1.5, 2 * float(np.median(away)))]
    return np.asarray(line, np.float32)


def _cross(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32] | None:
    directions = np.column_stack([one[:2], -other[:2]]).astype(np.float64)
    if abs(np.linalg.det(directions)) < 0.1:  # noqa: PLR2004  closer to parallel than two sides of a card ever are
        return None
    share = np.linalg.solve(directions, (other[2:] - one[2:]).astype(np.float64))[0]
    return np.asarray(one[2:] + share * one[:2], np.float32)
