"""Pictures of a face in the room: a print in somebody's hand, flat or bent, and a screen."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture
from device.sim.camera import SCENE_PX, WALL
from device.sim.people.relief import Map

PAPER_SHARE = 0.86
"""Height of the paper in the scene's height, held straight."""
MARGIN_SHARE = 0.04
"""White round the print."""
SCREEN_PITCH_PX = 2.7
"""From one line of the screen to the next, in the camera's pixels: close enough to beat with them."""
SCREEN_LINES = 10.0
"""How much brighter the lines are than the gaps."""


def on_paper(photo: Picture) -> Picture:
    """Return the photo as an office printer gives it: white edge, duller colours, a little softer."""
    edge = round(MARGIN_SHARE * photo.shape[0])
    dull = cv2.GaussianBlur(photo, (0, 0), 0.8).astype(np.float32) * 0.78 + 40
    return np.asarray(
        cv2.copyMakeBorder(
            np.clip(dull, 0, 255).astype(np.uint8), edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(238, 240, 240)
        ),
        np.uint8,
    )


def on_screen(photo: Picture) -> Picture:
    """Return the photo as a screen shows it: bluish, with its lines and a dark frame."""
    rows = np.arange(photo.shape[0], dtype=np.float32)[:, np.newaxis, np.newaxis]
    columns = np.arange(photo.shape[1], dtype=np.float32)[np.newaxis, :, np.newaxis]
    lines = np.sin(2 * np.pi * rows / SCREEN_PITCH_PX) + np.sin(2 * np.pi * columns / SCREEN_PITCH_PX)
    lit = photo.astype(np.float32) * (1.08, 1.0, 0.92) + SCREEN_LINES * lines
    return np.asarray(
        cv2.copyMakeBorder(
            np.clip(lit, 0, 255).astype(np.uint8), 18, 18, 18, 18, cv2.BORDER_CONSTANT, value=(22, 20, 20)
        ),
        np.uint8,
    )


def held_up(sheet: Picture, *, yaw_deg: float = 0.0, pitch_deg: float = 0.0, nearer: float = 1.0) -> Picture:
    """Return the scene with a flat sheet in it, turned about its middle; positive yaw: its right edge goes away."""
    width, height = SCENE_PX
    high, wide = sheet.shape[:2]
    tall = PAPER_SHARE * height
    half_x, half_y = tall * wide / high / 2, tall / 2
    corners = np.array([(-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y)])
    seen = _seen_at(corners, np.radians(yaw_deg), np.radians(pitch_deg), distance=1.25 * height / nearer)
    seen = seen * 1.25 * height + (width / 2, height / 2)
    whole = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    move = cv2.getPerspectiveTransform(whole, seen.astype(np.float32))
    room = np.full((height, width, 3), WALL, np.uint8)
    cv2.warpPerspective(sheet, move, SCENE_PX, dst=room, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT)
    return room


def bent(right_mm: Map, down_mm: Map, *, radius_mm: float) -> tuple[Map, Map]:
    """Return the depth of a print that is bent about an upright axis, its middle towards the camera."""
    within = np.clip(np.abs(right_mm) / radius_mm, 0.0, 0.95)
    depth = radius_mm * (np.sqrt(1.0 - within * within) - 1.0)
    edge = np.maximum(np.abs(right_mm) / (1.1 * radius_mm), np.abs(down_mm) / 150.0)
    belongs = np.clip((1.6 - edge) / 0.6, 0.0, 1.0)
    return depth.astype(np.float32), belongs.astype(np.float32)


def _seen_at(corners: npt.NDArray[np.float64], yaw: float, pitch: float, *, distance: float) -> npt.NDArray[np.float64]:
    """Return where the corners of the turned sheet are seen, in units of the focal length."""
    x, y = corners[:, 0], corners[:, 1]
    across, back = x * np.cos(yaw), x * np.sin(yaw)
    down, away = y * np.cos(pitch) + back * np.sin(pitch), back * np.cos(pitch) - y * np.sin(pitch)
    seen: npt.NDArray[np.float64] = np.column_stack([across, down]) / (distance + away)[:, np.newaxis]
    return seen
