"""Heads and pictures of five points, turned before a pinhole camera: nothing here knows how they are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from device.face.detect import Face

FOCAL_PX = 600.0
CENTRE_PX = (320.0, 240.0)

HEAD_MM = np.array([(-31, -33, 0), (31, -33, 0), (0, 4, 32), (-25, 33, 2), (25, 33, 2)], float)
"""x to the picture's right, y down, z towards the camera: eyes, tip of the nose, corners of the mouth.

The nose is longer than anatomy has it: so the detector places it in photos of people who look aside.
"""


@dataclass(frozen=True, slots=True)
class Body:
    """Five points in space."""

    points_mm: npt.NDArray[np.float64]

    def seen(
        self, *, yaw: float = 0, pitch: float = 0, roll: float = 0, far_mm: float = 450, beside_mm: float = 0
    ) -> Face:
        """Return what a detector without error sees; angles in degrees, yaw towards the picture's right."""
        a, b, c = np.radians([yaw, pitch, roll])
        about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
        turned = self.points_mm @ (about_z @ about_x @ about_y).T + (beside_mm, 0, 0)
        points = turned[:, :2] / (far_mm - turned[:, 2:]) * FOCAL_PX + CENTRE_PX
        size = 115 * FOCAL_PX / far_mm
        middle = points.mean(axis=0)
        return Face(
            left=float(middle[0] - size * 0.4),
            top=float(middle[1] - size * 0.5),
            width=size * 0.8,
            height=size,
            score=0.9,
            points=points.astype(np.float32),
        )


def picture_of(face: Face, *, bent_mm: float | None = None) -> Body:
    """A print in the size of life of what is seen in `face`; `bent_mm`: round a cylinder of this radius."""
    flat = (face.points.astype(float) - face.points.mean(axis=0)) * 66 / 86
    depth = np.zeros(5)
    if bent_mm is not None:
        angle = flat[:, 0] / bent_mm
        depth = bent_mm * np.cos(angle) - bent_mm
        flat[:, 0] = bent_mm * np.sin(angle)
    return Body(np.column_stack([flat, depth]))


@pytest.fixture
def head() -> Body:
    return Body(HEAD_MM)


@pytest.fixture
def heads() -> list[Body]:
    """Twenty heads of adults, as different as adults are."""
    chance = np.random.default_rng(4)
    spread = np.array([(2, 3, 0), (2, 3, 0), (1, 4, 4), (3, 4, 4), (3, 4, 4)])
    return [Body(HEAD_MM + chance.normal(0, 1, (5, 3)) * spread) for _ in range(20)]


@pytest.fixture
def make_print() -> Callable[..., Body]:
    return picture_of
