"""What a child hands over: pixels, or what its camera gave in their place, which the unit makes pixels of."""

from __future__ import annotations

from enum import IntEnum

CHANNELS = 3
SMALL_WIDTH = 320
"""Of the second stream, where there is one: as large as the search for faces wants it."""
LARGEST_FILE_BYTES = 16 * 1024 * 1024
"""Of a picture in a folder."""


class Form(IntEnum):
    """How one exposure arrives."""

    BGR_AND_I420 = 1
    """Pixels as they are used, which nobody copies any more, and a second, small picture in planes of Y, U and V."""
    JPEG = 2
    YUYV = 3
    FILE = 4
    """A picture of any kind and size, to be fitted in."""


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the small picture beside a large one: the same shape, in even numbers."""
    return SMALL_WIDTH, max(2, round(SMALL_WIDTH * height / width / 2) * 2)


def has_small(form: Form) -> bool:
    """Return whether there is a small picture of the same exposure."""
    return form in {Form.BGR_AND_I420, Form.FILE}


def raw_bytes(form: Form, width: int, height: int) -> int:
    """Return how many bytes at most are to be developed."""
    match form:
        case Form.BGR_AND_I420:
            small_width, small_height = small_size(width, height)
            return small_width * small_height * 3 // 2
        case Form.JPEG | Form.YUYV:  # what a camera compresses is smaller than what it does not
            return width * height * 2
        case Form.FILE:
            return LARGEST_FILE_BYTES
