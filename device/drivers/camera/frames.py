"""The memory that the unit and the camera's child share: a heartbeat, and places for frames."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import weakref
from typing import Final

import numpy as np

from device.drivers.camera.source import small_size
from device.ports.camera import Picture

PLACES: Final = 6
"""Frames that may be held at the same time. A place that is never used takes no memory."""
LONGEST_SIDE_PX: Final = 4096
CHANNELS: Final = 3
_PAGE: Final = mmap.PAGESIZE
_BEAT: Final = struct.Struct("=d")


class SharedFrames:
    """One mapping, seen from both sides."""

    def __init__(self, descriptor: int, width: int, height: int, *, has_small: bool) -> None:
        """Map what `make` made; the descriptor may be closed afterwards."""
        self._shape = (height, width, CHANNELS)
        self._small_shape = _small_shape(width, height) if has_small else None
        self._memory = mmap.mmap(descriptor, _length(width, height, has_small=has_small))
        self._given: list[list[weakref.ref[Picture]]] = [[] for _ in range(PLACES)]
        self._touched: set[int] = set()

    @classmethod
    def make(cls, width: int, height: int, *, has_small: bool) -> tuple[SharedFrames, int]:
        """Return the frames and a descriptor for the other side. The caller closes the descriptor."""
        descriptor = os.memfd_create("uketsuke-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, _length(width, height, has_small=has_small))
        # Neither side can take the ground from under the other's feet.
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        return cls(descriptor, width, height, has_small=has_small), descriptor

    @property
    def beat_s(self) -> float:
        """When the last exposure ended that the camera told of, on the monotonic clock; 0 before the first."""
        beat: float = _BEAT.unpack_from(self._memory)[0]
        return beat

    def beat(self, now_s: float) -> None:
        """Tell of an exposure."""
        _BEAT.pack_into(self._memory, 0, now_s)

    def free_place(self) -> int | None:
        """Return a place whose frame nobody has any more."""
        for place, given in enumerate(self._given):
            if all(array() is None for array in given):
                return place
        return None

    def give(self, place: int) -> tuple[Picture, Picture | None]:
        """Return the arrays of a place, which is not free as long as one of them, or a view of it, lives."""
        pixels, small = self.view(place)
        self._given[place] = [weakref.ref(array) for array in (pixels, small) if array is not None]
        return pixels, small

    def view(self, place: int) -> tuple[Picture, Picture | None]:
        """Return the arrays of a place."""
        self._touched.add(place)
        start = _PAGE + place * _stride(self._shape, self._small_shape)
        pixels: Picture = np.ndarray(self._shape, np.uint8, self._memory, start)
        if self._small_shape is None:
            return pixels, None
        return pixels, np.ndarray(self._small_shape, np.uint8, self._memory, start + _rounded(self._shape))

    def wipe(self) -> None:
        """Overwrite every place that was ever used."""
        for place in self._touched:
            for array in self.view(place):
                if array is not None:
                    array.fill(0)


def _small_shape(width: int, height: int) -> tuple[int, int, int]:
    small_width, small_height = small_size(width, height)
    return small_height, small_width, CHANNELS


def _length(width: int, height: int, *, has_small: bool) -> int:
    small = _small_shape(width, height) if has_small else None
    return _PAGE + PLACES * _stride((height, width, CHANNELS), small)


def _stride(shape: tuple[int, int, int], small: tuple[int, int, int] | None) -> int:
    return _rounded(shape) + (_rounded(small) if small else 0)


def _rounded(shape: tuple[int, int, int]) -> int:
    """Return the bytes of an array in whole pages."""
    return -(-shape[0] * shape[1] * shape[2] // _PAGE) * _PAGE
