"""Which camera, and how it shall film."""

from __future__ import annotations

import os
import re
import sys
from typing import NamedTuple

ADDRESS = r"^(picamera2:\d+|v4l2:/dev/.+|folder:.+)\Z"
"""`picamera2:0`, `v4l2:/dev/video0`, or `folder:DIR` for pictures that stand in for a camera."""
FOLDER = "folder:"
PICAMERA2 = "picamera2:"
SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"
"""Where Debian puts Python packages. picamera2 fits the system's own libcamera and numpy only, so its child, and no
other part of the unit, sees the system's packages, before those of our environment."""
OUR_PACKAGES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120  pathlib would take a megabyte of each child
"""Where `device` is."""


def known(address: str) -> bool:
    """Return whether this is how one names a camera here."""
    return re.fullmatch(ADDRESS, address) is not None


class CameraSetup(NamedTuple):
    """What the child is told on its command line."""

    address: str
    width: int
    height: int
    frames_per_second: float

    def command(self) -> list[str]:
        """Return how to start the child."""
        told = (self.address, str(self.width), str(self.height), str(self.frames_per_second))
        if self.address.startswith(PICAMERA2):
            before = os.environ.get("PYTHONPATH")
            places = [*([before] if before else ()), SYSTEM_PACKAGES]
            start = [sys.executable, "-m", "device.drivers.camera"]
        else:
            # All others do with Python's own library. Without -S Python would look through its packages at each start,
            # and for `-m` it loads what looks for modules; both stay in memory. With -B it writes nothing down.
            places = [OUR_PACKAGES]
            start = [sys.executable, "-SPB", f"{OUR_PACKAGES}/device/drivers/camera/__main__.py"]
        return ["/usr/bin/env", f"PYTHONPATH={os.pathsep.join(places)}", *start, *told]
