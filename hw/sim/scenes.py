"""Charts and photos as the simulated camera's lens would throw them on its sensor: blurred, bent, of one light."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture as Pixels
from device.sim.portrait import Photo
from hw.optics.charts import GRID_COLUMNS, GRID_ROWS, draw_chart
from hw.rig.port import Picture

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
FACE_SHARE: Final = 0.4
FINER: Final = 3
"""Charts are drawn so many times finer than the sensor, or the drawing itself would blur."""

Reflectance = npt.NDArray[np.float32]
"""Rows x columns x 3, 0 to 1."""

__all__ = ["FACE_SHARE", "GRID_COLUMNS", "GRID_ROWS", "HEIGHT_PX", "WIDTH_PX", "filmed", "project"]


def project(picture: Picture | Photo, *, blur_px: float, distortion: float) -> Reflectance:
    """Return what falls on the sensor."""
    if isinstance(picture, Photo):
        return filmed(picture.cut(WIDTH_PX, HEIGHT_PX, face_share=FACE_SHARE), blur_px=blur_px)
    if picture in {Picture.NOTHING, Picture.GREY, Picture.WHITE}:
        level = {Picture.NOTHING: 0.05, Picture.GREY: 0.5, Picture.WHITE: 0.9}[picture]
        return np.full((HEIGHT_PX, WIDTH_PX, 3), level, np.float32)
    chart = np.float32(1 / 255) * draw_chart(picture, WIDTH_PX * FINER, HEIGHT_PX * FINER)
    fine = cv2.GaussianBlur(_bent(chart, distortion), (0, 0), blur_px * FINER)
    grey = cv2.resize(fine, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(np.repeat(grey[..., None], 3, axis=2), np.float32)


def filmed(scene: Pixels, *, blur_px: float) -> Reflectance:
    """Return what falls on the sensor of a scene that is a little larger than the picture."""
    top, left = (scene.shape[0] - HEIGHT_PX) // 2, (scene.shape[1] - WIDTH_PX) // 2
    seen = scene[top : top + HEIGHT_PX, left : left + WIDTH_PX].astype(np.float32) / 255
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), blur_px), np.float32)


def _bent(chart: Reflectance, distortion: float) -> Reflectance:
    """Move what lies at radius r (1 in the corner) to r + distortion * r^3."""
    height, width = chart.shape
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(width / 2)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(height / 2)
    square = (x**2 + y**2) / ((width / 2) ** 2 + (height / 2) ** 2)
    scale = (1 - distortion * square).astype(np.float32)
    return np.asarray(
        cv2.remap(
            chart, x * scale + width / 2, y * scale + height / 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ),
        np.float32,
    )
