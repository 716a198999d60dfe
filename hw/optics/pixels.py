"""What flat fields and a grid of dots say of a camera: noise, dead and hot pixels, distortion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture

HOT_LEVELS: Final = 60
"""Above what surrounds it, with the lens covered."""
DEAD_LEVELS: Final = 40
"""Below what surrounds it, before a grey card."""

Grey = npt.NDArray[np.float32]


def grey_of(picture: Picture) -> Grey:
    """Return the picture as grey levels, 0 to 255."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def noise(frames: Sequence[Picture]) -> float:
    """Return the noise in time: standard deviation of each pixel over the frames, root mean square of all."""
    stack = np.stack([grey_of(frame) for frame in frames])
    return float(np.sqrt(stack.var(axis=0, ddof=1).mean()))


def hot_pixels(frames: Sequence[Picture]) -> int:
    """Count pixels that shine in every frame although the lens is covered."""
    least = np.min([grey_of(frame) for frame in frames], axis=0)
    return int((least - np.median(least) > HOT_LEVELS).sum())


def dead_pixels(frames: Sequence[Picture]) -> int:
    """Count pixels that stay dark in every frame although a grey card is seen."""
    most = np.max([grey_of(frame) for frame in frames], axis=0)
    around = cv2.medianBlur(most, 5)
    return int((around - most > DEAD_LEVELS).sum())


def distortion_percent(picture: Picture, *, columns: int, rows: int) -> float:
    """Return by how much the outermost dots of a grid lie further out than the innermost say; barrel is negative.

    Raise ValueError where the grid is not seen whole.
    """
    grey = grey_of(picture).astype(np.uint8)
    found, centres = cv2.findCirclesGrid(255 - grey, (columns, rows), flags=cv2.CALIB_CB_SYMMETRIC_GRID)
    if not found:
        found, centres = cv2.findCirclesGrid(grey, (columns, rows), flags=cv2.CALIB_CB_SYMMETRIC_GRID)
    if not found:
        raise ValueError("the grid of dots is not seen whole")
    dots = np.asarray(centres, np.float64).reshape(rows, columns, 2)
    middle = dots[rows // 2, columns // 2]
    right, left = dots[rows // 2, columns // 2 + 1] - middle, dots[rows // 2, columns // 2 - 1] - middle
    down, up = dots[rows // 2 + 1, columns // 2] - middle, dots[rows // 2 - 1, columns // 2] - middle
    across, along = (right - left) / 2, (down - up) / 2
    stretched = []
    for row, column in ((0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)):
        expected = across * (column - columns // 2) + along * (row - rows // 2)
        stretched.append(np.hypot(*(dots[row, column] - middle)) / np.hypot(*expected) - 1)
    return float(100 * np.mean(stretched))
