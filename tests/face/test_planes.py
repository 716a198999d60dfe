"""Networks get a picture plane by plane, with nothing of another picture in the space around it."""

from __future__ import annotations

import numpy as np

from device.face.picture import planes

PICTURE = np.random.default_rng(1).integers(0, 256, (70, 90, 3), np.uint8)


def test_each_channel_becomes_a_plane_of_the_same_values() -> None:
    tensor = planes(PICTURE)

    assert tensor.shape == (1, 3, 70, 90)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    assert np.array_equal(tensor[0], PICTURE.transpose(2, 0, 1))


def test_channels_in_the_other_order_stay_in_the_other_order() -> None:
    assert np.array_equal(planes(PICTURE[..., ::-1])[0], PICTURE.transpose(2, 0, 1)[::-1])


def test_what_is_added_right_and_below_is_black() -> None:
    tensor = planes(PICTURE, (96, 96))

    assert np.array_equal(tensor[0, :, :70, :90], PICTURE.transpose(2, 0, 1))
    assert not tensor[0, :, 70:].any()
    assert not tensor[0, :, :, 90:].any()
