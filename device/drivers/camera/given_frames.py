"""The unit's side of the shared memory: frames as arrays, developed from what the child wrote."""

from __future__ import annotations

import weakref

import cv2
import numpy as np

from device.drivers.camera.forms import CHANNELS, Form, has_small, small_size
from device.drivers.camera.frames import PLACES, SharedFrames
from device.ports.camera import Picture


class UndevelopedError(Exception):
    """What the child wrote cannot be developed."""


class WrongSizeError(Exception):
    """It is a picture, but of another size than was told."""


class GivenFrames:
    """Frames that somebody has, or had."""

    def __init__(self, shared: SharedFrames, width: int, height: int, form: Form) -> None:
        self._shared = shared
        self._form = form
        self._shape = (height, width, CHANNELS)
        self._small_shape = (*small_size(width, height)[::-1], CHANNELS) if has_small(form) else None
        self._given: list[list[weakref.ref[Picture]]] = [[] for _ in range(PLACES)]
        self._raw_lengths: dict[int, int] = {}

    @property
    def beat_s(self) -> float:
        """See SharedFrames."""
        return self._shared.beat_s

    def free_place(self) -> int | None:
        """Return a place whose frame nobody has any more."""
        for place, given in enumerate(self._given):
            if all(array() is None for array in given):
                return place
        return None

    def give(self, place: int, length: int) -> tuple[Picture, Picture | None]:
        """Develop what lies in a place, and return its arrays.

        The place is not free as long as one of them, or a view of it, lives. `length`: how many bytes the child wrote
        that are to be developed. Raise UndevelopedError, or WrongSizeError.
        """
        pixels, small, raw = self._arrays(place)
        self._raw_lengths[place] = max(min(length, len(raw)), self._raw_lengths.get(place, 0))
        if length > len(raw):
            raise WrongSizeError(f"the camera's process tells of {length} bytes where {len(raw)} fit")
        _develop(self._form, raw[:length], pixels, small)
        self._given[place] = [weakref.ref(array) for array in (pixels, small) if array is not None]
        return pixels, small

    def wipe(self) -> None:
        """Overwrite every place that was ever used, and let its memory go."""
        for place, length in self._raw_lengths.items():
            pixels, small, raw = self._arrays(place)
            for array in (pixels, small, raw[:length]):
                if array is not None:
                    array.fill(0)
            self._shared.give_back(place)
        self._raw_lengths.clear()

    def _arrays(self, place: int) -> tuple[Picture, Picture | None, Picture]:
        pixels, small, raw = self._shared.parts(place)
        return (
            np.ndarray(self._shape, np.uint8, pixels),
            None if self._small_shape is None else np.ndarray(self._small_shape, np.uint8, small),
            np.frombuffer(raw, np.uint8),
        )


def _develop(form: Form, raw: Picture, pixels: Picture, small: Picture | None) -> None:
    height, width = pixels.shape[:2]
    match form:
        case Form.BGR_AND_I420:
            if small is None or len(raw) != small.size // 2:
                raise WrongSizeError("the second stream has another size than was told")
            planes = raw.reshape(small.shape[0] * 3 // 2, small.shape[1])
            cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420, dst=small)
        case Form.YUYV:
            if len(raw) != height * width * 2:
                raise UndevelopedError("the frame is cut off")
            cv2.cvtColor(raw.reshape(height, width, 2), cv2.COLOR_YUV2BGR_YUYV, dst=pixels)
        case Form.JPEG:
            seen = _decoded(raw)
            if seen.shape != pixels.shape:
                raise WrongSizeError(f"the camera gives {seen.shape} where {pixels.shape} is expected")
            np.copyto(pixels, seen)
            seen.fill(0)
        case Form.FILE:
            _fit(_decoded(raw), pixels)
            if small is not None:
                cv2.resize(pixels, small.shape[1::-1], dst=small, interpolation=cv2.INTER_AREA)


def _fit(seen: Picture, pixels: Picture) -> None:
    """Show the picture whole, with black beside it."""
    height, width = pixels.shape[:2]
    scale = min(width / seen.shape[1], height / seen.shape[0])
    size = (max(1, round(seen.shape[1] * scale)), max(1, round(seen.shape[0] * scale)))
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    fitted = np.asarray(cv2.resize(seen, size, interpolation=shrinks) if scale != 1 else seen, np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    pixels.fill(0)
    pixels[top : top + size[1], left : left + size[0]] = fitted
    for array in (seen, fitted):
        array.fill(0)


def _decoded(raw: Picture) -> Picture:
    seen = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    if seen is None:
        raise UndevelopedError("what the camera gave is no picture")
    return np.asarray(seen, np.uint8)
