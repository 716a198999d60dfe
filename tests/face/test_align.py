from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.face.align import SIDE_PX, TEMPLATE_POINTS, align, similarity


@given(turn_deg=st.floats(-180, 180), scale=st.floats(0.2, 5), left=st.floats(-500, 2000), top=st.floats(-500, 2000))
def test_any_turned_scaled_and_shifted_face_comes_back_to_the_template(
    turn_deg: float, scale: float, left: float, top: float
) -> None:
    turn = np.exp(1j * np.radians(turn_deg)) * scale
    moved = (TEMPLATE_POINTS.astype(np.float64) @ (1, 1j)) * turn + complex(left, top)
    points = np.stack([moved.real, moved.imag], axis=1).astype(np.float32)

    matrix = similarity(points)
    back = points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]

    assert np.allclose(back, TEMPLATE_POINTS, atol=0.05)


@given(noise=st.lists(st.floats(-8, 8), min_size=10, max_size=10))
def test_the_estimate_is_as_good_as_an_independent_one(noise: list[float]) -> None:
    points = (TEMPLATE_POINTS * 2 + np.array(noise).reshape(5, 2)).astype(np.float32)

    ours = points.astype(np.float64) @ similarity(points)[:, :2].T + similarity(points)[:, 2]
    # Least squares means: no other similarity lies nearer; OpenCV's robust one is a fair rival.
    rival, _ = cv2.estimateAffinePartial2D(points, TEMPLATE_POINTS, method=cv2.LMEDS)
    theirs = points.astype(np.float64) @ rival[:, :2].T + rival[:, 2]

    assert np.sum((ours - TEMPLATE_POINTS) ** 2) <= np.sum((theirs - TEMPLATE_POINTS) ** 2) + 1e-6


def test_a_mirrored_face_is_turned_but_never_mirrored_back() -> None:
    mirrored = (TEMPLATE_POINTS * (-1, 1) + (SIDE_PX, 0)).astype(np.float32)

    assert np.linalg.det(similarity(mirrored)[:, :2]) > 0


def test_the_square_has_the_size_that_embedders_want() -> None:
    assert align(np.zeros((480, 640, 3), np.uint8), TEMPLATE_POINTS * 3).shape == (SIDE_PX, SIDE_PX, 3)
