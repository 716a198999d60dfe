"""The pictures that the bench display shows, at any size; the same file draws what the camera is expected to see."""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from hw.rig.port import Picture

GRID_COLUMNS: Final = 7
GRID_ROWS: Final = 5
EDGE_SLANT: Final = 0.08
"""Columns a row: about five degrees."""
DARK, LIGHT = 40, 215
EDGE_WINDOW: Final = (0.35, 0.65, 0.4, 0.6)
"""Left, right, top, bottom of what is measured, as shares of the picture: the middle, where faces are."""


@cache
def draw_chart(picture: Picture, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return a chart in grey levels, rows x columns; not to be written to."""
    levels = {Picture.NOTHING: 0, Picture.GREY: 128, Picture.WHITE: 230}
    if picture in levels:
        return np.full((height, width), levels[picture], np.uint8)
    if picture is Picture.SLANTED_EDGE:
        edge = width / 2 + EDGE_SLANT * (np.arange(height) - height / 2)
        return np.where(np.arange(width)[None, :] > edge[:, None], np.uint8(LIGHT), np.uint8(DARK))
    chart = np.full((height, width), LIGHT, np.uint8)
    for row in range(GRID_ROWS):
        for column in range(GRID_COLUMNS):
            centre = (
                round(width * (0.1 + 0.8 * column / (GRID_COLUMNS - 1))),
                round(height * (0.1 + 0.8 * row / (GRID_ROWS - 1))),
            )
            cv2.circle(chart, centre, round(width * 0.025), DARK, cv2.FILLED, cv2.LINE_AA)
    return chart
