"""A face turned upright and cut to the square that embedders were trained on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.face.detect import Points
from device.ports.camera import Picture

SIDE_PX = 112

TEMPLATE_POINTS: npt.NDArray[np.float32] = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)
"""Where the five points lie in the square. The values that ArcFace made common; SFace was trained with them."""


def align(picture: Picture, points: Points) -> Picture:
    """Return the 112 x 112 x 3 square. Raise FaceError(FACE_NOT_FOUND) when the points span nothing."""
    square = cv2.warpAffine(picture, similarity(points), (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR)
    return np.asarray(square, np.uint8)


def similarity(points: Points) -> npt.NDArray[np.float64]:
    """Return the 2 x 3 matrix of shift, turn and scale that brings `points` nearest to the template.

    Least squares (Umeyama, 1991). In the plane, with points as complex numbers, the turn and scale are one
    quotient, and a mirror image cannot come out.
    """
    source = points.astype(np.float64) @ (1, 1j)
    target = TEMPLATE_POINTS.astype(np.float64) @ (1, 1j)
    centred = source - source.mean()
    spread = float(np.vdot(centred, centred).real)
    if not np.isfinite(spread) or spread < 1.0:
        raise FaceError("the five points of the face coincide", reason=Reason.FACE_NOT_FOUND)
    turn = complex(np.vdot(centred, target - target.mean())) / spread
    shift = target.mean() - turn * source.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
