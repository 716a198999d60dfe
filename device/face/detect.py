"""Where the faces are: YuNet's grids of numbers become boxes, points and scores.

Tensor layout, decoding and the order of the points follow the network's authors (libfacedetection.train) and the
OpenCV Zoo, whose detector reads the same grids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import ModelSpec
from device.face.picture import planes
from device.ports.camera import Picture
from device.ports.network import Network, Tensor

STRIDES = (8, 16, 32)
SEARCH_SIDES_PX = (160, 320)
"""Pictures are scaled to this before the search. The small size finds everybody near enough to be compared, at a
quarter of the cost of the other, which is for a picture that seems empty: who stands too far away shall be told so."""
CLOSE_UP_SIDE_PX = 256
"""Points are read off a picture of this size that the face fills."""
OVERLAP_LIMIT = 0.3
"""Boxes that share more than this of their union are one face (the zoo's own value)."""
CLOSE_UP_SHARE = 0.75
"""Height of the face in the close-up's height; measured: see `close_up`."""
LARGEST_LOG_SIZE = 6.0
"""exp(6) cells: larger than any picture, and finite, whatever the network says."""

ROW_LENGTH = 15
"""Score, box and points of a cell."""
MOST_CANDIDATES = 200
"""A face gives a dozen boxes; a picture of nothing but faces must not cost more than one of a few."""

Points = npt.NDArray[np.float32]
"""5 x 2, x and y in pixels: eye at the picture's left, eye at its right, nose, mouth left, mouth right."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in a picture, in pixels of that picture."""

    left: float
    top: float
    width: float
    height: float
    score: float
    points: Points = field(repr=False)


def search(network: Network, spec: ModelSpec, picture: Picture, small: Picture | None = None) -> list[Face]:
    """Return the faces in a checked picture, roughly, largest first; what they are worth says a close-up.

    `small` is looked at in its place, where there is one: the same view, which the camera has scaled down already.
    """
    seen = picture if small is None else small
    quick, thorough = SEARCH_SIDES_PX
    faces = detect(network, spec, seen, quick) or detect(network, spec, seen, thorough)
    if small is None:
        return faces
    height, width = picture.shape[:2]
    across, down = width / small.shape[1], height / small.shape[0]
    return [_scaled(face, across, down) for face in faces]


def detect(network: Network, spec: ModelSpec, picture: Picture, side_px: int) -> list[Face]:
    """Return the faces that reach the spec's lower threshold when the longer side is `side_px`, largest first."""
    tensor, scale = _tensor(picture, side_px)
    grids = network.run(tensor)
    try:
        rows = _decode(grids, (tensor.shape[2], tensor.shape[3]), spec)
    except (KeyError, ValueError, IndexError) as error:
        raise Fault(
            f"{spec.name} does not answer like a YuNet detector: {error}", part="models", reason=Reason.INTERNAL_FAULT
        ) from error
    rows = rows[np.isfinite(rows).all(axis=1)]
    faces = [_face(row, scale) for row in _without_overlaps(rows)]
    return sorted(faces, key=lambda face: face.width * face.height, reverse=True)


def close_up(network: Network, spec: ModelSpec, picture: Picture, face: Face) -> Face | None:
    """Return the same face with precise points, from a second look at its surroundings alone; None if it is gone.

    The network places the points of a small face as if it were upright: a head tilted by 20 degrees comes out at 4,
    and its score falls from 0.7 to 0.4. Where the face fills most of the picture, the tilt comes out right and the
    score stays (`models/README.md`, "Measured").
    """
    side = face.height / CLOSE_UP_SHARE
    scale = CLOSE_UP_SIDE_PX / side
    corner = np.array([face.left + face.width / 2 - side / 2, face.top + face.height / 2 - side / 2])
    seen = detect(network, spec, _moved(picture, corner, scale), CLOSE_UP_SIDE_PX)
    if not seen or seen[0].height < side * scale * CLOSE_UP_SHARE / 2:
        return None
    found = seen[0]
    return Face(
        left=found.left / scale + corner[0],
        top=found.top / scale + corner[1],
        width=found.width / scale,
        height=found.height / scale,
        score=found.score,
        points=(found.points / scale + corner).astype(np.float32),
    )


def _moved(picture: Picture, corner: npt.NDArray[np.float64], scale: float) -> Picture:
    """Return the close-up whose upper left corner is `corner`, black where the picture ends.

    OpenCV interpolates four channels at once, but three one by one: with a fourth the close-up takes a third of the
    time, which saves more than adding the fourth to what lies under the close-up costs.
    """
    height, width = picture.shape[:2]
    reach = CLOSE_UP_SIDE_PX / scale
    left, top = (max(0, int(np.floor(at)) - 1) for at in corner)
    right, bottom = (min(end, int(np.ceil(at + reach)) + 2) for end, at in zip((width, height), corner, strict=True))
    move = np.column_stack([np.eye(2) * scale, (np.array([left, top]) - corner) * scale])
    under = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_BGR2BGRA)
    four = cv2.warpAffine(under, move, (CLOSE_UP_SIDE_PX, CLOSE_UP_SIDE_PX))
    return np.asarray(cv2.cvtColor(four, cv2.COLOR_BGRA2BGR), np.uint8)


def _scaled(face: Face, across: float, down: float) -> Face:
    return Face(
        left=face.left * across,
        top=face.top * down,
        width=face.width * across,
        height=face.height * down,
        score=face.score,
        points=face.points * np.array((across, down), np.float32),
    )


def _tensor(picture: Picture, side_px: int) -> tuple[Tensor, float]:
    """Return 1 x 3 x H x W (BGR, 0..255, H and W multiples of 32, padded right and below) and the scale used."""
    height, width = picture.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return planes(_resized(picture, size), (-(-size[1] // 32) * 32, -(-size[0] // 32) * 32)), scale


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return the picture in `size` (width, height); by halves as far as that goes, each pixel the mean of four.

    OpenCV is quick at halves alone: twice a half takes a quarter of the time of once a quarter.
    """
    across, down = size
    while True:
        height, width = picture.shape[:2]
        if (width, height) == size:
            return picture
        if width % 2 == height % 2 == 0 and width >= 2 * across and height >= 2 * down:
            step, way = (width // 2, height // 2), cv2.INTER_AREA
        else:
            step, way = size, cv2.INTER_AREA if across < width else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, step, interpolation=way), np.uint8)


def _decode(grids: Mapping[str, Tensor], size: tuple[int, int], spec: ModelSpec) -> Tensor:
    """Return one row per promising cell: score, left, top, width, height, then five points, in network pixels."""
    cells, strides = _cells(*size)
    classed, objectness = (np.concatenate([grids[f"{kind}_{s}"][0, :, 0] for s in STRIDES]) for kind in ("cls", "obj"))
    score = np.sqrt(_held(classed, 0, 1) * _held(objectness, 0, 1))
    if len(score) != len(cells):
        raise ValueError(f"{len(score)} cells where {len(cells)} are expected")
    found = np.flatnonzero(score >= spec.threshold.retry)
    if not found.size:
        return np.empty((0, ROW_LENGTH), np.float32)
    box, points = (np.concatenate([grids[f"{kind}_{s}"][0] for s in STRIDES])[found] for kind in ("bbox", "kps"))
    at, stride = cells[found], strides[found]
    centre = (at + box[:, :2]) * stride
    lengths = np.exp(_held(box[:, 2:4], -LARGEST_LOG_SIZE, LARGEST_LOG_SIZE)) * stride
    marks = (at[:, np.newaxis] + points.reshape(-1, 5, 2)) * stride[:, np.newaxis]
    sides = (score[found, np.newaxis], centre - lengths / 2, lengths, marks.reshape(-1, 10))
    return np.concatenate(sides, axis=1, dtype=np.float32)


@lru_cache(maxsize=16)
def _cells(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return column and row (N x 2) and stride (N x 1) of every cell of a picture, in the order of the grids."""
    grids = [np.indices((height // stride, width // stride))[::-1].reshape(2, -1).T for stride in STRIDES]
    strides = np.repeat(STRIDES, [len(grid) for grid in grids])
    return np.concatenate(grids).astype(np.float32), strides.astype(np.float32)[:, np.newaxis]


def _held(values: Tensor, low: float, high: float) -> Tensor:
    """Return the values, none below `low` or above `high`; `np.clip` takes three times as long for so few."""
    held: Tensor = np.minimum(np.maximum(values, np.float32(low)), np.float32(high))
    return held


def _without_overlaps(rows: Tensor) -> list[Tensor]:
    """Return the best row of every face: greedy non-maximum suppression."""
    kept: list[Tensor] = []
    left = rows[np.argsort(-rows[:, 0], kind="stable")[:MOST_CANDIDATES]]
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        if len(left):
            left = left[_overlaps(best, left) <= OVERLAP_LIMIT]
    return kept


def _overlaps(one: Tensor, others: Tensor) -> npt.NDArray[np.float64]:
    """Return intersection over union of a row's box and each of the others'."""
    low = np.maximum(one[1:3], others[:, 1:3])
    high = np.minimum(one[1:3] + one[3:5], others[:, 1:3] + others[:, 3:5])
    sides = np.maximum(high - low, 0)
    shared = (sides[:, 0] * sides[:, 1]).astype(np.float64)
    areas = (others[:, 3] * others[:, 4]).astype(np.float64) + float(one[3] * one[4])
    overlaps: npt.NDArray[np.float64] = shared / (areas - shared)
    return overlaps


def _face(row: Tensor, scale: float) -> Face:
    left, top, width, height = (float(value) / scale for value in row[1:5])
    points = (row[5:] / scale).reshape(5, 2)
    return Face(left=left, top=top, width=width, height=height, score=float(row[0]), points=points)
