"""A camera's child with something that stands in for a camera's library: `child.py WHAT WIDTH HEIGHT`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from device.drivers.camera.child import serve
from device.drivers.camera.picamera import PicameraSource
from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import Source
from device.drivers.camera.v4l2 import V4l2Source

FRAMES_PER_SECOND = 50.0


class VideoCapture:
    """The calls of cv2.VideoCapture that the driver makes, on a device that is not there."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._set: dict[int, float] = {}
        self._number = 0
        self._stamp_s = 0.0

    def isOpened(self) -> bool:  # noqa: N802
        return self._trouble() != "none"

    def set(self, propId: int, value: float) -> bool:  # noqa: N803
        self._set[propId] = value
        return True

    def get(self, propId: int) -> float:  # noqa: N803
        if propId == cv2.CAP_PROP_POS_MSEC:
            return self._stamp_s * 1000
        if propId == cv2.CAP_PROP_FRAME_WIDTH and self._trouble() == "small":
            return 320.0
        return self._set[propId]

    def grab(self) -> bool:
        if self._trouble() == "stall":
            threading.Event().wait()
        if self._trouble() == "raise":
            return False
        threading.Event().wait(1 / self._set[cv2.CAP_PROP_FPS])
        self._number += 1
        self._stamp_s = time.time() if self._trouble() == "wall clock" else time.monotonic()
        return True

    def retrieve(self) -> tuple[bool, object]:
        size = (int(self._set[cv2.CAP_PROP_FRAME_HEIGHT]), int(self._set[cv2.CAP_PROP_FRAME_WIDTH]))
        if self._trouble() == "format":
            return True, np.zeros((*size, 2), np.uint8)
        return True, np.full((*size, 3), self._number % 200 + 1, np.uint8)

    @staticmethod
    def _trouble() -> str:
        switch = Path(os.environ["STAND_IN_SWITCH"])
        return switch.read_text(encoding="utf-8").strip() if switch.exists() else ""


def open_source(what: str, setup: CameraSetup) -> Source:
    if what == "v4l2":
        return V4l2Source("/dev/video0", setup, VideoCapture)
    return PicameraSource(0, setup)


if __name__ == "__main__":
    what, width, height = sys.argv[1:]
    if what == "deaf":  # to SIGTERM, and to everything else
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Event().wait()
    setup = CameraSetup("", int(width), int(height), FRAMES_PER_SECOND)
    sys.exit(serve(lambda: open_source(what, setup)))
