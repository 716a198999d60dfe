"""Cameras, each in a child process of its own: a stalled libcamera blocks its caller for ever; a child can be killed.

`process.py` is the unit's side, `child.py` the child's; between them lie a socket for words (`words.py`) and shared
memory for frames (`frames.py`). What films is a `Source`: `picamera.py`, `v4l2.py`, `folder.py`.
"""

from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup

__all__ = ["CameraProcess", "CameraSetup"]
