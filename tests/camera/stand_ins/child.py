"""A camera's child with something that stands in for a camera's library: `child.py WHAT WIDTH HEIGHT`."""

from __future__ import annotations

import signal
import sys
import threading

from video_device import VideoDevice  # type: ignore[import-not-found]  # beside this program

from device.drivers.camera.child import serve
from device.drivers.camera.picamera import PicameraSource
from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import Source
from device.drivers.camera.v4l2 import V4l2Source

FRAMES_PER_SECOND = 50.0


def open_source(what: str, setup: CameraSetup) -> Source:
    if what == "v4l2":
        return V4l2Source("/dev/video0", setup, VideoDevice)
    return PicameraSource(0, setup)


if __name__ == "__main__":
    what, width, height = sys.argv[1:]
    if what == "deaf":  # to SIGTERM, and to everything else
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Event().wait()
    setup = CameraSetup("", int(width), int(height), FRAMES_PER_SECOND)
    sys.exit(serve(lambda: open_source(what, setup)))
