"""Whatever an array holds, the engine answers with a typed error or a finite score."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.face.embed import Template
from device.face.engine import FaceEngine

ANY_TEMPLATE = Template(np.eye(1, 128, dtype=np.float32)[0])

NO_PICTURES: dict[str, npt.NDArray[Any]] = {
    "empty": np.empty((0, 0, 3), np.uint8),
    "tiny": np.zeros((8, 8, 3), np.uint8),
    "a line": np.zeros((64, 9000, 3), np.uint8),
    "grey": np.zeros((480, 640), np.uint8),
    "four channels": np.zeros((480, 640, 4), np.uint8),
    "one channel": np.zeros((480, 640, 1), np.uint8),
    "a batch": np.zeros((1, 480, 640, 3), np.uint8),
    "floats": np.zeros((480, 640, 3), np.float32),
    "no numbers": np.full((480, 640, 3), np.nan, np.float32),
    "wide integers": np.zeros((480, 640, 3), np.int64),
    "objects": np.full((480, 640, 3), None, object),
}


@pytest.mark.parametrize("array", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_an_array_that_is_no_picture_is_no_frame_and_no_portrait(array: npt.NDArray[Any], engine: FaceEngine) -> None:
    with pytest.raises(FaceError) as no_frame:
        engine.score(array, ANY_TEMPLATE)
    with pytest.raises(FaceError) as no_portrait:
        engine.template(array)

    assert no_frame.value.reason is Reason.FACE_NOT_FOUND
    assert no_portrait.value.reason is Reason.PORTRAIT_UNREADABLE


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(64, 400), width=st.integers(64, 400), seed=st.integers(0, 2**32 - 1), coarse=st.integers(1, 32)
)
def test_noise_has_no_face(engine: FaceEngine, height: int, width: int, seed: int, coarse: int) -> None:
    cells = np.random.default_rng(seed).integers(0, 256, (-(-height // coarse), -(-width // coarse), 3), np.uint8)
    noise = np.ascontiguousarray(cells.repeat(coarse, 0).repeat(coarse, 1)[:height, :width])

    with pytest.raises(FaceError) as refused:
        engine.score(noise, ANY_TEMPLATE)

    assert refused.value.reason is Reason.FACE_NOT_FOUND
