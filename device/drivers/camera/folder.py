"""Pictures from a folder in place of a camera: for tests, demonstrations and laptops, never for a real visit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import SourceError
from device.ports.camera import Picture

KINDS = {".png", ".jpg", ".jpeg", ".bmp"}
EXPOSURE_S = 0.005


class FolderSource:
    """Shows the pictures of a folder in the order of their names, again and again, at the pace of a camera.

    The folder is looked at for each frame, so pictures may come and go; without any it is a camera without frames.
    """

    has_small = True

    def __init__(self, folder: str, setup: CameraSetup) -> None:
        """Raise SourceError when there is no such folder."""
        self._folder = Path(folder)
        if not self._folder.is_dir():
            raise SourceError(f"no folder {folder}")
        self.name = f"pictures of {self._folder.name}"
        self.size = (setup.width, setup.height)
        self._pause_s = 1 / setup.frames_per_second
        self._number = 0

    @contextmanager
    def shoot(self) -> Iterator[_Picture]:
        """Wait for the next frame's time and for a picture."""
        time.sleep(self._pause_s)
        while not (pictures := sorted(path for path in self._folder.iterdir() if path.suffix.lower() in KINDS)):
            time.sleep(self._pause_s)
        path = pictures[self._number % len(pictures)]
        self._number += 1
        now_s = time.monotonic()
        yield _Picture(path, now_s - EXPOSURE_S, now_s)

    def hold_light(self, *, hold: bool) -> None:
        """Pictures have the light that they have."""


@dataclass(frozen=True, slots=True)
class _Picture:
    path: Path
    started_s: float
    ended_s: float

    def copy_to(self, pixels: Picture, small: Picture | None) -> None:
        """Fit the picture in, whole, with black beside it."""
        seen = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if seen is None:
            raise SourceError(f"{self.path.name} is no picture")
        height, width = pixels.shape[:2]
        scale = min(width / seen.shape[1], height / seen.shape[0])
        size = (max(1, round(seen.shape[1] * scale)), max(1, round(seen.shape[0] * scale)))
        shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        fitted = np.asarray(cv2.resize(seen, size, interpolation=shrinks) if scale != 1 else seen, np.uint8)
        left, top = (width - size[0]) // 2, (height - size[1]) // 2
        pixels.fill(0)
        pixels[top : top + size[1], left : left + size[0]] = fitted
        if small is not None:
            cv2.resize(pixels, small.shape[1::-1], dst=small, interpolation=cv2.INTER_AREA)
