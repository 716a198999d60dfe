"""A camera of the Raspberry Pi, through picamera2.

One configuration with two streams that keeps running (re-configuring leaks buffers): `main` in colour for what is
embedded, `lores` for the search. Facts: hardware.md 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np  # the system's, which picamera2 loads in any case

from device.drivers.camera.forms import Form, small_size
from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import SourceError

BUFFERS = 3
"""Of contiguous memory, of which a small Pi has little: one being exposed, one finished, one read."""
SETTLE_FRAMES = 10
"""Until exposure and colours have found their values."""
WAIT_S = 2.0
"""For a request; whoever watches the child kills it at about the same time."""
NS = 1_000_000_000
US = 1_000_000


class PicameraSource:
    """Holds one request at a time and gives it back at once."""

    form = Form.BGR_AND_I420

    def __init__(self, number: int, setup: CameraSetup) -> None:
        """Open, configure and start the camera. Raise SourceError."""
        try:
            from picamera2 import (  # type: ignore[import-not-found]  # noqa: PLC0415  only a Pi has it
                MappedArray,
                Picamera2,
            )
        except (ImportError, OSError) as error:
            raise SourceError(f"picamera2 is not there (apt install python3-picamera2): {error}") from error
        if number >= len(Picamera2.global_camera_info()):
            raise SourceError(f"no camera {number}: check the ribbon cable and `rpicam-hello --list-cameras`")
        self._mapped = MappedArray
        frame_us = round(US / setup.frames_per_second)
        self._camera = Picamera2(number)
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": (setup.width, setup.height), "format": "RGB888"},  # B, G, R in memory
                lores={"size": small_size(setup.width, setup.height), "format": "YUV420"},
                raw=None,
                buffer_count=BUFFERS,
                queue=False,
                controls={"FrameDurationLimits": (frame_us, frame_us)},
            )
        )
        chosen = self._camera.camera_configuration()
        if chosen["main"]["format"] != "RGB888" or chosen["lores"]["format"] != "YUV420":
            raise SourceError(f"the camera gives {chosen['main']['format']} and {chosen['lores']['format']}")
        self.name = str(self._camera.camera_properties.get("Model", f"camera {number}"))
        width, height = chosen["main"]["size"]
        self.size = (int(width), int(height))
        self._camera.start()
        for _ in range(SETTLE_FRAMES):
            with self._camera.captured_request(wait=WAIT_S):
                pass

    @contextmanager
    def shoot(self) -> Iterator[_Request]:
        """Wait for the next request."""
        try:
            captured = self._camera.captured_request(wait=WAIT_S)
            with captured as request:
                yield _Request(request, self._mapped, request.get_metadata())
        except TimeoutError as error:
            raise SourceError(f"no frame for {WAIT_S:g} s") from error

    def hold_light(self, *, hold: bool) -> None:
        """Keep exposure, gain and white balance at their present values."""
        self._camera.set_controls({"AeEnable": not hold, "AwbEnable": not hold})


class _Request:
    """A finished request of picamera2."""

    def __init__(self, request: Any, mapped: Any, metadata: Mapping[str, Any]) -> None:  # noqa: ANN401  untyped library
        self._request = request
        self._mapped = mapped
        try:
            # The stamp is of the first row's read-out, when its exposure ends.
            self.ended_s = metadata["SensorTimestamp"] / NS
            self.started_s = self.ended_s - metadata["ExposureTime"] / US
        except KeyError as error:
            raise SourceError(f"the camera does not tell its {error.args[0]}") from error

    def copy_to(self, pixels: memoryview, raw: memoryview) -> int:
        with self._mapped(self._request, "main") as main:
            height, width, channels = main.array.shape
            if height * width * channels != len(pixels) or main.array.dtype != np.uint8:
                raise SourceError(f"the camera gives {main.array.shape}, which is not the size it told")
            np.copyto(np.frombuffer(pixels, np.uint8).reshape(main.array.shape), main.array)
            width, height = small_size(width, height)
        with self._mapped(self._request, "lores") as lores:
            rows, stride = lores.array.shape
            if rows != height * 3 // 2 or stride < width:
                raise SourceError(f"the camera's second stream is {lores.array.shape}")
            # Rows may be longer than the picture is wide, and those of the colours are half as long.
            planes = np.frombuffer(raw, np.uint8, width * height * 3 // 2).reshape(rows, width)
            np.copyto(planes[:height], lores.array[:height, :width])
            colours = lores.array[height:].reshape(height, stride // 2)
            np.copyto(planes[height:].reshape(height, width // 2), colours[:, : width // 2])
        return planes.size
