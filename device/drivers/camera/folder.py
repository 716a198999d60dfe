"""Pictures from a folder in place of a camera: for tests, demonstrations and laptops, never for a real visit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from device.drivers.camera.forms import Form
from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import SourceError

KINDS = (".png", ".jpg", ".jpeg", ".bmp")
EXPOSURE_S = 0.005


class FolderSource:
    """Shows the pictures of a folder in the order of their names, again and again, at the pace of a camera.

    The folder is looked at for each frame, so pictures may come and go; without any it is a camera without frames.
    """

    form = Form.FILE

    def __init__(self, folder: str, setup: CameraSetup) -> None:
        """Raise SourceError when there is no such folder."""
        self._folder = folder
        if not os.path.isdir(folder):  # noqa: PTH112  pathlib would take a megabyte of each child
            raise SourceError(f"no folder {folder}")
        self.name = f"pictures of {os.path.basename(folder)}"  # noqa: PTH119  same
        self.size = (setup.width, setup.height)
        self._pause_s = 1 / setup.frames_per_second
        self._number = 0

    @contextmanager
    def shoot(self) -> Iterator[_Picture]:
        """Wait for the next frame's time and for a picture."""
        time.sleep(self._pause_s)
        while not (names := sorted(name for name in os.listdir(self._folder) if name.lower().endswith(KINDS))):  # noqa: PTH208  same
            time.sleep(self._pause_s)
        name = names[self._number % len(names)]
        self._number += 1
        now_s = time.monotonic()
        yield _Picture(f"{self._folder}/{name}", now_s - EXPOSURE_S, now_s)

    def hold_light(self, *, hold: bool) -> None:
        """Pictures have the light that they have."""


class _Picture(NamedTuple):
    path: str
    started_s: float
    ended_s: float

    def copy_to(self, pixels: memoryview, raw: memoryview) -> int:  # noqa: ARG002  the unit makes the pixels
        """Hand the file over as it is."""
        try:
            with open(self.path, "rb", buffering=0) as file:  # noqa: PTH123  same as above
                length = file.readinto(raw) or 0
                if file.read(1):
                    raise SourceError(f"{self.path} is too large")
        except OSError as error:
            raise SourceError(f"{self.path}: {error.strerror}") from error
        return length
