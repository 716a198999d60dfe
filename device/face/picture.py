"""Is this array a picture at all? Everything in this package starts with that question."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.ports.camera import Picture

SHORTEST_SIDE_PX = 64
LONGEST_SIDE_PX = 8192
CHANNELS = 3
DIMENSIONS = 3


def checked(picture: npt.NDArray[Any], reason: Reason) -> Picture:
    """Return `picture` if it is height x width x 3 of bytes; else raise FaceError with `reason`."""
    if picture.dtype != np.uint8:
        raise FaceError("the picture is not an array of bytes", reason=reason)
    if picture.ndim != DIMENSIONS or picture.shape[2] != CHANNELS:
        raise FaceError(f"the picture has the shape {picture.shape}, not height x width x 3", reason=reason)
    shortest, longest = sorted(picture.shape[:2])
    if shortest < SHORTEST_SIDE_PX or longest > LONGEST_SIDE_PX:
        raise FaceError(f"the picture measures {picture.shape[1]} x {picture.shape[0]}", reason=reason)
    whole: Picture = picture
    return whole
