"""What the kernel says and hears of a video device: numbers of calls, and where each thing lies in their arguments.

From linux/videodev2.h, which never changes them, as they are on machines of 64 bits. Where an address and nothing else
follows is left out: whatever is not named here stays zero.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import select
from struct import Struct
from typing import Final, Protocol

CAPTURE: Final = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE, and V4L2_CAP_VIDEO_CAPTURE."""
STREAMING: Final = 0x0400_0000
DEVICE_CAPABILITIES: Final = 0x8000_0000
IN_OUR_MEMORY: Final = 1
"""V4L2_MEMORY_MMAP."""
PROGRESSIVE: Final = 1
DAMAGED: Final = 0x40
STAMP_KINDS, STAMP_MONOTONIC = 0xE000, 0x2000

QUERY_CAPABILITIES: Final = 0x8068_5600
SET_FORMAT: Final = 0xC0D0_5605
REQUEST_BUFFERS: Final = 0xC014_5608
QUERY_BUFFER: Final = 0xC058_5609
QUEUE_BUFFER: Final = 0xC058_560F
DEQUEUE_BUFFER: Final = 0xC058_5611
STREAM_ON: Final = 0x4004_5612
SET_RATE: Final = 0xC0CC_5616

CAPABILITIES: Final = Struct("=84xII12x")
"""Of the card, of this device."""
FORMAT: Final = Struct("=I4xII4sIII176x")
"""Type, width, height, pixel format, field, bytes a line, bytes a picture."""
BUFFERS: Final = Struct("=III8x")
"""Count, type, memory."""
BUFFER: Final = Struct("=IIIII4xqq16xIII4xI12x")
"""Index, type, bytes used, flags, field, seconds, microseconds, sequence, memory, offset, length."""
RATE: Final = Struct("=I8xII184x")
"""Type, seconds of a frame as numerator and denominator."""
KIND: Final = Struct("=I")


class Device(Protocol):
    """An open video device."""

    def call(self, request: int, argument: bytearray) -> None:
        """Have the kernel do it and change the argument. Raise OSError."""

    def map(self, length: int, offset: int) -> memoryview:
        """Return one of its buffers. Raise OSError."""

    def wait(self, seconds: float) -> bool:
        """Return whether a buffer is full within this time."""


class KernelDevice:
    """A device of this machine."""

    def __init__(self, path: str) -> None:
        """Open it. Raise OSError."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def call(self, request: int, argument: bytearray) -> None:
        """See Device."""
        fcntl.ioctl(self._descriptor, request, argument, True)  # noqa: FBT003  it only takes it so

    def map(self, length: int, offset: int) -> memoryview:
        """See Device."""
        return memoryview(mmap.mmap(self._descriptor, length, offset=offset))

    def wait(self, seconds: float) -> bool:
        """See Device."""
        return bool(select.select([self._descriptor], [], [], seconds)[0])
