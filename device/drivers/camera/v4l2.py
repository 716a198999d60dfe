"""A USB camera, or any other that the kernel shows as /dev/video* and that gives MJPEG or YUYV.

Four buffers that the kernel fills in turn are mapped here, and what is in them is handed over as it came: the unit has
what decodes it in memory already, and a library for V4L2 of its own would take five times what this child does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from device.drivers.camera import v4l2_device as v4l2
from device.drivers.camera.forms import Form
from device.drivers.camera.setup import CameraSetup
from device.drivers.camera.source import SourceError
from device.drivers.camera.v4l2_device import Device, KernelDevice

# Compressed first: at 1280 x 960 few cameras reach 15 frames per second uncompressed over USB 2.
FORMS = {b"MJPG": Form.JPEG, b"YUYV": Form.YUYV}
BUFFERS = 4
WAIT_S = 2.0
"""For a frame; whoever watches the child kills it at about the same time."""
OLDEST_S = 5.0
"""A time stamp further from now was not made by the monotonic clock."""
MICROSECONDS = 1_000_000
PER_SECOND = 1000
"""Rates are told in thousandths of a frame."""


class V4l2Source:
    """Takes every frame from the kernel, and copies those that are asked for."""

    def __init__(self, device: str, setup: CameraSetup, open_device: Callable[[str], Device] = KernelDevice) -> None:
        """Raise SourceError when the camera does not open or gives no pictures of a kind that is known here."""
        self.name = f"V4L2 {device}"
        try:
            self._device = open_device(device)
            _check(self._device, device)
            self.form, self.size = _choose_format(self._device, setup)
            self._interval_s = _choose_rate(self._device, setup)
            self._buffers = _start(self._device)
        except OSError as error:
            raise SourceError(
                f"{device} does not open ({error.strerror}): is it a camera, and is no other program using it?"
            ) from error

    @contextmanager
    def shoot(self) -> Iterator[_Frame]:
        """Wait for the next frame that came in one piece."""
        index, flags, frame = self._next()
        while flags & v4l2.DAMAGED:
            self._return(index)
            index, flags, frame = self._next()
        try:
            if flags & v4l2.STAMP_KINDS != v4l2.STAMP_MONOTONIC or abs(time.monotonic() - frame.ended_s) > OLDEST_S:
                raise SourceError(f"the camera's time stamps are not of the monotonic clock: {frame.ended_s:.3f}")
            yield frame
        finally:
            self._return(index)

    def _next(self) -> tuple[int, int, _Frame]:
        argument = _buffer(0)
        try:
            if not self._device.wait(WAIT_S):
                raise SourceError("the camera gives no frames")
            self._device.call(v4l2.DEQUEUE_BUFFER, argument)
        except OSError as error:
            raise SourceError(f"the camera gives no frames: {error.strerror}") from error
        index, _, used, flags, _, seconds, microseconds, *_ = v4l2.BUFFER.unpack(argument)
        # The stamp is of the frame's start or its end, the driver's choice; taken for its end it is never too fresh.
        stamp_s = seconds + microseconds / MICROSECONDS
        return index, flags, _Frame(self._buffers[index][:used], stamp_s - self._interval_s, stamp_s)

    def _return(self, index: int) -> None:
        try:
            self._device.call(v4l2.QUEUE_BUFFER, _buffer(index))
        except OSError as error:
            raise SourceError(f"the camera takes no buffer back: {error.strerror}") from error

    def hold_light(self, *, hold: bool) -> None:
        """USB cameras differ in what their exposure controls mean, so they are left alone."""


class _Frame:
    """A buffer that the kernel filled and gets back."""

    def __init__(self, filled: memoryview, started_s: float, ended_s: float) -> None:
        self._filled = filled
        self.started_s = started_s
        self.ended_s = ended_s

    def copy_to(self, pixels: memoryview, raw: memoryview) -> int:  # noqa: ARG002  the unit makes the pixels
        """Hand it over as it is."""
        length = len(self._filled)
        if length > len(raw):
            raise SourceError(f"the camera gives {length} bytes where {len(raw)} are expected")
        raw[:length] = self._filled
        return length


def _check(device: Device, path: str) -> None:
    argument = bytearray(v4l2.CAPABILITIES.size)
    device.call(v4l2.QUERY_CAPABILITIES, argument)
    card, own = v4l2.CAPABILITIES.unpack(argument)
    capabilities = own if card & v4l2.DEVICE_CAPABILITIES else card
    if not (capabilities & v4l2.CAPTURE and capabilities & v4l2.STREAMING):
        raise SourceError(f"{path} does not open: it is a video device, but films nothing")


def _choose_format(device: Device, setup: CameraSetup) -> tuple[Form, tuple[int, int]]:
    given = b""
    for wanted, form in FORMS.items():
        argument = bytearray(v4l2.FORMAT.pack(v4l2.CAPTURE, setup.width, setup.height, wanted, v4l2.PROGRESSIVE, 0, 0))
        device.call(v4l2.SET_FORMAT, argument)
        _, width, height, given, _, line_bytes, _ = v4l2.FORMAT.unpack(argument)
        if given == wanted:
            if form is Form.YUYV and line_bytes not in {0, 2 * width}:
                raise SourceError(f"the camera pads its lines of {width} pixels to {line_bytes} bytes")
            return form, (width, height)
    raise SourceError(f"the camera gives {given.decode('ascii', 'replace')}; MJPG or YUYV is expected")


def _choose_rate(device: Device, setup: CameraSetup) -> float:
    """Return how long a frame takes. Cameras that know only one rate do not answer."""
    argument = bytearray(v4l2.RATE.pack(v4l2.CAPTURE, PER_SECOND, round(PER_SECOND * setup.frames_per_second)))
    try:
        device.call(v4l2.SET_RATE, argument)
    except OSError:
        return 1 / setup.frames_per_second
    _, numerator, denominator = v4l2.RATE.unpack(argument)
    return float(numerator / denominator) if numerator and denominator else 1 / setup.frames_per_second


def _start(device: Device) -> list[memoryview]:
    """Map the camera's buffers, hand them to the kernel and let it film."""
    argument = bytearray(v4l2.BUFFERS.pack(BUFFERS, v4l2.CAPTURE, v4l2.IN_OUR_MEMORY))
    device.call(v4l2.REQUEST_BUFFERS, argument)
    buffers = []
    for index in range(v4l2.BUFFERS.unpack(argument)[0]):
        told = _buffer(index)
        device.call(v4l2.QUERY_BUFFER, told)
        *_, offset, length = v4l2.BUFFER.unpack(told)
        buffers.append(device.map(length, offset))
        device.call(v4l2.QUEUE_BUFFER, _buffer(index))
    device.call(v4l2.STREAM_ON, bytearray(v4l2.KIND.pack(v4l2.CAPTURE)))
    return buffers


def _buffer(index: int) -> bytearray:
    return bytearray(v4l2.BUFFER.pack(index, v4l2.CAPTURE, 0, 0, 0, 0, 0, 0, v4l2.IN_OUR_MEMORY, 0, 0))
