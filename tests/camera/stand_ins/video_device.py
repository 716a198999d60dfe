"""A video device that is not there, as the kernel answers for one (linux/videodev2.h).

What it does is written in the file that the variable STAND_IN_SWITCH names: nothing, or one word of `TROUBLES`.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from pathlib import Path

import cv2
import numpy as np

from device.drivers.camera import v4l2_device as v4l2

TROUBLES = ("none", "stall", "raise", "wall clock", "realtime", "format", "small", "yuyv", "grey", "torn", "damaged")
LENGTH = 1280 * 960 * 2
MICROSECONDS = 1_000_000


def trouble() -> str:
    switch = Path(os.environ["STAND_IN_SWITCH"])
    word = switch.read_text(encoding="utf-8").strip() if switch.exists() else ""
    assert not word or word in TROUBLES
    return word


class VideoDevice:
    """Films grey walls, each frame a little lighter."""

    def __init__(self, path: str) -> None:
        if trouble() == "none":
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), path)
        self._size = (0, 0)
        self._kind = b""
        self._pause_s = 0.0
        self._buffers: list[bytearray] = []
        self._queued: deque[int] = deque()
        self._number = 0
        self._films = False

    def call(self, request: int, argument: bytearray) -> None:
        assert len(argument) == (request >> 16) & 0x3FFF, "the size of an argument is a part of its call's number"
        match request:
            case v4l2.QUERY_CAPABILITIES:
                card = v4l2.DEVICE_CAPABILITIES | v4l2.CAPTURE | v4l2.STREAMING
                argument[:] = v4l2.CAPABILITIES.pack(card, v4l2.CAPTURE | v4l2.STREAMING)
            case v4l2.SET_FORMAT:
                argument[:] = self._format(*v4l2.FORMAT.unpack(argument))
            case v4l2.SET_RATE:
                _, numerator, denominator = v4l2.RATE.unpack(argument)
                self._pause_s = numerator / denominator
            case v4l2.REQUEST_BUFFERS:
                count, *_ = v4l2.BUFFERS.unpack(argument)
                self._buffers = [bytearray(LENGTH) for _ in range(count)]
            case v4l2.QUERY_BUFFER:
                index, *_ = v4l2.BUFFER.unpack(argument)
                argument[:] = v4l2.BUFFER.pack(index, v4l2.CAPTURE, 0, 0, 0, 0, 0, 0, 1, index * LENGTH, LENGTH)
            case v4l2.QUEUE_BUFFER:
                index, *_ = v4l2.BUFFER.unpack(argument)
                assert index not in self._queued
                self._queued.append(index)
            case v4l2.STREAM_ON:
                assert v4l2.KIND.unpack(argument) == (v4l2.CAPTURE,)
                self._films = True
            case v4l2.DEQUEUE_BUFFER:
                argument[:] = self._filled()
            case _:
                raise AssertionError(hex(request))

    def map(self, length: int, offset: int) -> memoryview:
        return memoryview(self._buffers[offset // length])

    def wait(self, seconds: float) -> bool:
        assert self._films
        if trouble() == "stall":
            threading.Event().wait()
        if trouble() == "raise":
            return False
        return not threading.Event().wait(min(seconds, self._pause_s))

    def _format(self, kind: int, width: int, height: int, wanted: bytes, field: int, _line: int, _size: int) -> bytes:
        assert kind == v4l2.CAPTURE
        self._kind = {"yuyv": b"YUYV", "grey": b"GREY"}.get(trouble(), wanted)
        self._size = (320, height) if trouble() == "small" else (width, height)
        line = 2 * self._size[0] if self._kind == b"YUYV" else 0
        return v4l2.FORMAT.pack(kind, *self._size, self._kind, field, line, LENGTH)

    def _filled(self) -> bytes:
        index = self._queued.popleft()
        self._number += 1
        picture = self._picture()
        self._buffers[index][: len(picture)] = picture
        stamp_s = time.time() if trouble() == "wall clock" else time.monotonic()
        flags = 0 if trouble() == "realtime" else v4l2.STAMP_MONOTONIC
        if trouble() == "damaged" and self._number % 2:
            flags |= v4l2.DAMAGED
        seconds, microseconds = divmod(int(stamp_s * MICROSECONDS), MICROSECONDS)
        return v4l2.BUFFER.pack(
            index, v4l2.CAPTURE, len(picture), flags, 1, seconds, microseconds, self._number, 1, 0, LENGTH
        )

    def _picture(self) -> bytes:
        width, height = self._size
        lightness = self._number % 200 + 20  # less is black in YUYV
        if self._kind == b"YUYV":
            return bytes([lightness, 128]) * (width * height)
        if trouble() == "torn" and self._number % 2:
            return b"\xff\xd8 no more came"
        shape = (height // 2 if trouble() == "format" else height, width, 3)
        return cv2.imencode(".jpg", np.full(shape, lightness, np.uint8))[1].tobytes()
