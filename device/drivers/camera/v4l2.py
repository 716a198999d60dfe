"""A USB camera, or any other that the kernel shows as /dev/video*, through OpenCV.

OpenCV hands out the kernel's own time stamps, decodes MJPEG and YUYV, and is here already; a library of its own for
V4L2 would bring the first and neither of the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import SourceError
from device.ports.camera import Picture

OLDEST_S = 5.0
"""A time stamp further from now was not made by the monotonic clock."""


class Capture(Protocol):
    """What is used of cv2.VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: N802, D102  OpenCV's name
    def set(self, propId: int, value: float) -> bool: ...  # noqa: N803, D102  same
    def get(self, propId: int) -> float: ...  # noqa: N803, D102  same
    def grab(self) -> bool: ...  # noqa: D102  same
    def retrieve(self) -> tuple[bool, Any]: ...  # noqa: D102  same


def open_by_opencv(device: str) -> Capture:
    """Open the device, and nothing but a V4L2 device."""
    return cv2.VideoCapture(device, cv2.CAP_V4L2)


class V4l2Source:
    """Grabs every frame and decodes those that are asked for."""

    has_small = False

    def __init__(self, device: str, setup: CameraSetup, open_device: Callable[[str], Capture] = open_by_opencv) -> None:
        """Raise SourceError when the camera does not open or gives no pictures."""
        self._capture = open_device(device)
        if not self._capture.isOpened():
            raise SourceError(f"{device} does not open: is it a camera, and is no other program using it?")
        # Compressed first: at 1280 x 960 few cameras reach 15 frames per second uncompressed over USB 2.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, setup.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, setup.height)
        self._capture.set(cv2.CAP_PROP_FPS, setup.frames_per_second)
        self._interval_s = 1 / (self._capture.get(cv2.CAP_PROP_FPS) or setup.frames_per_second)
        self.name = f"V4L2 {device}"
        self.size = (
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )

    @contextmanager
    def shoot(self) -> Iterator[_Grabbed]:
        """Wait for the next frame."""
        if not self._capture.grab():
            raise SourceError("the camera gives no frames")
        stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if abs(time.monotonic() - stamp_s) > OLDEST_S:
            raise SourceError(f"the camera's time stamps are not of the monotonic clock: {stamp_s:.3f}")
        # The kernel stamps the frame's start or its end, the driver's choice; taken for its end it is never too fresh.
        yield _Grabbed(self._capture, stamp_s - self._interval_s, stamp_s)

    def hold_light(self, *, hold: bool) -> None:
        """USB cameras differ in what their exposure controls mean, so they are left alone."""


@dataclass(frozen=True, slots=True)
class _Grabbed:
    capture: Capture
    started_s: float
    ended_s: float

    def copy_to(self, pixels: Picture, small: Picture | None) -> None:  # noqa: ARG002  there is no small stream
        """Decode the frame."""
        good, seen = self.capture.retrieve()
        if not good or getattr(seen, "dtype", None) != np.uint8 or seen.shape != pixels.shape:
            raise SourceError(f"the camera gives {getattr(seen, 'shape', 'nothing')} where {pixels.shape} is expected")
        np.copyto(pixels, seen)
        seen.fill(0)
