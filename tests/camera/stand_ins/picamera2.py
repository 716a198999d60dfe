"""Stands in for picamera2 where there is no Raspberry Pi: the calls that the driver makes, as picamera2 publishes them.

What it does is written in the file that the variable STAND_IN_SWITCH names: nothing, or one word of `TROUBLES`.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

TROUBLES = ("stall", "raise", "none", "format", "old", "unstamped", "hang")
NS = 1_000_000_000
STRIDE = 384
"""Rows of the second stream are longer than the picture is wide, as on a Pi 5."""


def trouble() -> str:
    switch = Path(os.environ["STAND_IN_SWITCH"])
    word = switch.read_text(encoding="utf-8").strip() if switch.exists() else ""
    assert not word or word in TROUBLES
    return word


class Picamera2:
    started = False

    def __init__(self, camera_num: int = 0) -> None:
        self._number = camera_num
        self._frames = 0
        self._queue = True
        self._config: dict[str, Any] = {}
        self.camera_properties = {"Model": "imx708", "Location": 2}
        self.controls: dict[str, Any] = {}

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        if trouble() == "hang":
            threading.Event().wait()
        return [] if trouble() == "none" else [{"Model": "imx708", "Location": 2, "Rotation": 180, "Num": 0}]

    def create_video_configuration(
        self,
        main: dict[str, Any],
        lores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = None,
        buffer_count: int = 6,
        controls: dict[str, Any] | None = None,
        queue: bool = True,  # noqa: FBT001, FBT002  picamera2's own signature
    ) -> dict[str, Any]:
        for stream in (main, lores or main):
            assert stream["size"][0] % 2 == stream["size"][1] % 2 == 0
        return {
            "main": main,
            "lores": lores,
            "raw": raw,
            "buffer_count": buffer_count,
            "controls": controls or {},
            "queue": queue,
        }

    def configure(self, camera_config: dict[str, Any]) -> None:
        assert not self.started, "Camera must be stopped before configuring"
        if trouble() == "format":
            camera_config["main"]["format"] = "XBGR8888"
        self._config = camera_config
        self.controls = dict(camera_config["controls"])

    def camera_configuration(self) -> dict[str, Any]:
        return self._config

    def start(self) -> None:
        self.started = True

    def set_controls(self, controls: dict[str, Any]) -> None:
        self.controls |= controls

    @contextmanager
    def captured_request(self, wait: float | None = None, flush: object = None) -> Iterator[CompletedRequest]:
        assert wait is not None, "without a time-out this may wait for ever"
        assert flush is None
        if trouble() == "stall":
            threading.Event().wait()
        if trouble() == "raise":
            raise RuntimeError("Camera frontend has timed out!")
        threading.Event().wait(self._config["controls"]["FrameDurationLimits"][0] / 1_000_000)
        self._frames += 1
        captured.append(CompletedRequest(self._frames, self._config, frozen=not self.controls.get("AeEnable", True)))
        yield captured[0]


class CompletedRequest:
    def __init__(self, number: int, config: dict[str, Any], *, frozen: bool) -> None:
        self.config = config
        width, height = config["main"]["size"]
        down, across = np.mgrid[:height, :width]
        blue, green = 40 + across * 150 / width, 40 + down * 150 / height
        self.main = np.stack([blue, green, np.full_like(blue, 30 + number % 200)], axis=2).astype(np.uint8)
        self.lores = second_stream(self.main, *config["lores"]["size"])
        self.main[0, 0] = (200, 100, 255 if frozen else 0)  # B, G, R
        self._stamp_ns = time.monotonic_ns() - (10 * NS if trouble() == "old" else 0)

    def get_metadata(self) -> dict[str, Any]:
        return {} if trouble() == "unstamped" else {"SensorTimestamp": self._stamp_ns, "ExposureTime": 5_000}


def second_stream(main: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return the picture in small as YUV 4:2:0, its rows padded to STRIDE and the colours' rows to half of it."""
    planes = cv2.cvtColor(cv2.resize(main, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2YUV_I420)
    padded = np.zeros((height * 3 // 2, STRIDE), np.uint8)
    padded[:height, :width] = planes[:height]
    colours = padded[height:].reshape(2, height // 2, STRIDE // 2)
    colours[:, :, : width // 2] = planes[height:].reshape(2, height // 2, width // 2)
    return padded


captured: deque[CompletedRequest] = deque(maxlen=1)
"""The last one."""


class MappedArray:
    def __init__(self, request: CompletedRequest, stream: str) -> None:
        self.array = {"main": request.main, "lores": request.lores}[stream]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        del self.array
