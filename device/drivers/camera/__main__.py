"""The camera's child as a program; `CameraSetup.command` starts it."""

from __future__ import annotations

import sys

from device.drivers.camera.child import serve
from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import Source, SourceError


def open_source(setup: CameraSetup) -> Source:
    """Open the camera. Only the library that it needs is loaded."""
    kind, _, where = setup.address.partition(":")
    match kind:
        case "picamera2":
            from device.drivers.camera.picamera import PicameraSource  # noqa: PLC0415

            return PicameraSource(int(where), setup)
        case "v4l2":
            from device.drivers.camera.v4l2 import V4l2Source  # noqa: PLC0415

            return V4l2Source(where, setup)
        case "folder":
            from device.drivers.camera.folder import FolderSource  # noqa: PLC0415

            return FolderSource(where, setup)
        case _:
            raise SourceError(f"no such camera: {setup.address}")


def main() -> None:
    """Film as the command line says."""
    address, width, height, rate = sys.argv[1:]
    asked = CameraSetup(address, int(width), int(height), float(rate))
    sys.exit(serve(lambda: open_source(asked)))


if __name__ == "__main__":
    main()
