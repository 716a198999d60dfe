"""The memory that the unit and the camera's child share: a heartbeat, and places for frames.

A place has room for the pixels, for the small picture and for what is still to be developed. Whoever writes or looks at
nothing of it takes no memory for it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from typing import Final

from device.drivers.camera.forms import CHANNELS, Form, has_small, raw_bytes, small_size

PLACES: Final = 6
"""Frames that may be held at the same time. A place that is never used takes no memory."""
LONGEST_SIDE_PX: Final = 4096
_PAGE: Final = mmap.PAGESIZE
_BEAT: Final = struct.Struct("=d")
_BLACK: Final = bytes(16 * _PAGE)


class SharedFrames:
    """One mapping, seen from both sides."""

    def __init__(self, descriptor: int, width: int, height: int, form: Form) -> None:
        """Map what `make` made; the descriptor may be closed afterwards."""
        self._sizes = _sizes(width, height, form)
        self._memory = mmap.mmap(descriptor, _length(self._sizes))

    @classmethod
    def make(cls, width: int, height: int, form: Form) -> tuple[SharedFrames, int]:
        """Return the frames and a descriptor for the other side. The caller closes the descriptor."""
        descriptor = os.memfd_create("uketsuke-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, _length(_sizes(width, height, form)))
        # Neither side can take the ground from under the other's feet.
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        return cls(descriptor, width, height, form), descriptor

    @property
    def beat_s(self) -> float:
        """When the last exposure ended that the camera told of, on the monotonic clock; 0 before the first."""
        beat: float = _BEAT.unpack_from(self._memory)[0]
        return beat

    def beat(self, now_s: float) -> None:
        """Tell of an exposure."""
        _BEAT.pack_into(self._memory, 0, now_s)

    def parts(self, place: int) -> tuple[memoryview, memoryview, memoryview]:
        """Return where the pixels of a place lie, those of its small picture, and what is to be developed."""
        whole, start, parts = memoryview(self._memory), self._start(place), []
        for size in self._sizes:
            parts.append(whole[start : start + size])
            start += _rounded(size)
        pixels, small, raw = parts
        return pixels, small, raw

    def give_back(self, place: int) -> None:
        """Let the kernel have the memory of a place: it reads as zeros from now on, on both sides."""
        self._memory.madvise(mmap.MADV_REMOVE, self._start(place), _stride(self._sizes))

    def _start(self, place: int) -> int:
        return _PAGE + place * _stride(self._sizes)


def blacken(part: memoryview) -> None:
    """Overwrite it with zeros."""
    for start in range(0, len(part), len(_BLACK)):
        here = part[start : start + len(_BLACK)]
        here[:] = _BLACK[: len(here)]


def _sizes(width: int, height: int, form: Form) -> tuple[int, int, int]:
    small_width, small_height = small_size(width, height) if has_small(form) else (0, 0)
    return width * height * CHANNELS, small_width * small_height * CHANNELS, raw_bytes(form, width, height)


def _length(sizes: tuple[int, int, int]) -> int:
    return _PAGE + PLACES * _stride(sizes)


def _stride(sizes: tuple[int, int, int]) -> int:
    return sum(map(_rounded, sizes))


def _rounded(size: int) -> int:
    """Return it in whole pages."""
    return -(-size // _PAGE) * _PAGE
