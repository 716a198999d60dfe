"""A photo of a face as a body with depth, seen by a camera that it turns before: what a live head does to a picture.

The depth is a generic one, the same for everybody: a dome for the head, a ridge for the nose, shallow sockets for the
eyes, in millimetres of an adult of 62 mm between the pupils (means of published head measurements, rounded). Every
pixel of the photo is moved to where its point of the body would be seen; what a real head hides or uncovers while it
turns is stretched or squeezed instead. Good enough to move five points as a head moves them; no test of what a network
thinks of real skin, light or edges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture

Map = npt.NDArray[np.float32]

FACE_HEIGHT_MM = 155.0
"""What the detector's box covers: from above the eyebrows to the chin, with a margin."""
HEAD_HALF_WIDTH_MM = 78.0
HEAD_HALF_HEIGHT_MM = 112.0
HEAD_DEPTH_MM = 100.0
"""From the ears to the forehead."""
NOSE_MM = 20.0
"""How far the tip stands out of the dome."""
SOCKET_MM = 5.0
FOCAL_SHARE = 1.25
"""Focal length by the picture's height: a camera that sees 44 degrees of it."""
TURNS_ABOUT_MM = -80.0
"""The neck's axis, behind the face's surface."""
ITERATIONS = 8
COARSE_PX = 4
"""The warp is smooth: it is worked out on every fourth pixel and filled in between."""


Depth = Callable[[Map, Map], tuple[Map, Map]]
"""Millimetres to the right of and below the face's middle, to the depth there and to how much the point belongs to the
body: 1 on it, falling to 0 in the room around it, which stays where it is."""


def head(right_mm: Map, down_mm: Map) -> tuple[Map, Map]:
    """Return the depth of an adult's head, in mm, 0 at the temples."""
    out = (right_mm / HEAD_HALF_WIDTH_MM) ** 2 + ((down_mm + 8.0) / HEAD_HALF_HEIGHT_MM) ** 2
    dome = HEAD_DEPTH_MM * np.clip(1.0 - out, 0.0, None) ** 0.75
    nose = NOSE_MM * _bump(right_mm, 10.0) * _bump(down_mm - 12.0, 17.0)
    sockets = SOCKET_MM * _bump(np.abs(right_mm) - 31.0, 14.0) * _bump(down_mm + 24.0, 12.0)
    belongs = np.clip((2.2 - np.sqrt(out)) / 1.2, 0.0, 1.0)
    return (dome + nose - sockets).astype(np.float32), (belongs * belongs * (3 - 2 * belongs)).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """A picture and the depth that goes with it."""

    picture: Picture
    face: tuple[float, float, float, float]
    """Left, top, width, height of the face, in pixels."""
    depth: Depth = head
    _last: dict[tuple[float, float, float], Picture] = field(default_factory=dict, repr=False)
    """Who holds still is drawn once."""

    def turned(self, *, yaw_deg: float = 0.0, pitch_deg: float = 0.0, nearer: float = 1.0) -> Picture:
        """Return the picture with the head turned by `yaw_deg` (positive: towards the picture's right).

        `nearer` is how many times larger the face shall be.
        """
        pose = (round(yaw_deg, 1), round(pitch_deg, 1), round(nearer, 2))
        if pose not in self._last:
            self._last.clear()
            self._last[pose] = self._drawn(*pose)
        return self._last[pose]

    def _drawn(self, yaw_deg: float, pitch_deg: float, nearer: float) -> Picture:
        height, width = self.picture.shape[:2]
        rows, columns = -(-height // COARSE_PX), -(-width // COARSE_PX)
        across = np.linspace(0, width - 1, columns, dtype=np.float32)
        down = np.linspace(0, height - 1, rows, dtype=np.float32)
        u, v = np.meshgrid(across, down)
        x, y = u.copy(), v.copy()
        for _ in range(ITERATIONS):
            moved_x, moved_y = self._seen_at(x, y, yaw_deg, pitch_deg, nearer)
            x, y = x + (u - moved_x) / nearer, y + (v - moved_y) / nearer
        size = (width, height)
        whole_x, whole_y = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (x, y))
        turned = cv2.remap(self.picture, whole_x, whole_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(turned, np.uint8)

    def _seen_at(self, x: Map, y: Map, yaw_deg: float, pitch_deg: float, nearer: float) -> tuple[Map, Map]:
        """Return where the body's point behind the pixel (x, y) of the frontal photo is seen after the turn."""
        left, top, wide, high = self.face
        mm = FACE_HEIGHT_MM / high
        centre = (left + wide / 2, top + high / 2)
        right_mm, down_mm = (x - centre[0]) * mm, (y - centre[1]) * mm
        depth, belongs = self.depth(right_mm, down_mm)
        yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
        # About the neck: z points to the camera, a positive yaw moves near points to the right.
        z = depth - TURNS_ABOUT_MM
        turned_x = right_mm * np.cos(yaw) + z * np.sin(yaw)
        z = z * np.cos(yaw) - right_mm * np.sin(yaw)
        turned_y = down_mm * np.cos(pitch) - z * np.sin(pitch)
        z = z * np.cos(pitch) + down_mm * np.sin(pitch) + TURNS_ABOUT_MM
        distance = FOCAL_SHARE * self.picture.shape[0] * mm
        # The photo itself is what a point at its depth looked like, so only the change of distance counts.
        perspective = (distance - depth) / (distance / nearer - z)
        seen_x, seen_y = turned_x * perspective / mm + centre[0], turned_y * perspective / mm + centre[1]
        return (
            (belongs * seen_x + (1 - belongs) * (x * nearer - centre[0] * (nearer - 1))).astype(np.float32),
            (belongs * seen_y + (1 - belongs) * (y * nearer - centre[1] * (nearer - 1))).astype(np.float32),
        )


def _bump(off_mm: npt.NDArray[np.floating], width_mm: float) -> npt.NDArray[np.floating]:
    bump: npt.NDArray[np.floating] = np.exp(-((off_mm / width_mm) ** 2))
    return bump
