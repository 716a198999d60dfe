"""A flat card as a camera sees it. `View` says everything about one exposure; `photograph` makes the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from device.ports.camera import Picture
from device.sim.card_front_pictures.layout import CORNER_MM, HEIGHT_PX, PX_PER_MM, WIDTH_PX
from device.sim.card_front_pictures.printing import PrintedCard

FRAME_WIDTH_PX: Final = 1280
FRAME_HEIGHT_PX: Final = 960
NOISE_SPARE_PX: Final = 512
MARGIN_PX: Final = 24
"""Around a detail, so that blurring it is right up to its edge."""

Corners = npt.NDArray[np.float32]
"""4 x 2: where the card's upper left, upper right, lower right and lower left corner are in the frame, in pixels."""
Window = tuple[int, int, int, int]
"""Left, top, right, bottom of a part of the frame, in pixels; inside the frame."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One exposure: pose, optics, light and sensor."""

    corners: Corners
    defocus_px: float
    """Standard deviation of the blur."""
    motion_px: float
    motion_angle: float
    exposure: float
    """Paper of full brightness comes out at this share of the range."""
    falloff: tuple[float, float]
    """How much darker the frame's right and lower edge are than its left and upper one, as shares; may be negative."""
    glare: tuple[tuple[float, float, float, float], ...]
    """Reflections of a lamp: x, y and radius in pixels, and strength in levels."""
    noise: float
    """Standard deviation of the sensor's noise at full brightness, in levels."""
    jpeg_quality: int
    ground: int
    """Level of what the card lies on."""
    upside_down: bool


def take_view(severity: float, chance: np.random.Generator, *, upside_down: bool | None = None) -> View:
    """Return a view whose troubles are drawn up to `severity` (0: a studio, 1: worse than anybody should accept)."""

    def up_to(most: float) -> float:
        return float(severity * most * chance.uniform(0, 1))

    width = chance.uniform(0.80, 0.84) * FRAME_WIDTH_PX * (1 - up_to(0.35))
    angle = np.deg2rad(severity * chance.uniform(-12, 12))
    x, y = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]).T * np.array(
        [[width / 2], [width / 2 * HEIGHT_PX / WIDTH_PX]]
    )
    flat = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=1)
    lean = severity * chance.uniform(-0.14, 0.14, 2)
    depth = 1 + flat @ (lean / (width / 2))
    wander = severity * 0.5 * (np.array([FRAME_WIDTH_PX, FRAME_HEIGHT_PX]) - np.ptp(flat, axis=0))
    middle = np.array([FRAME_WIDTH_PX, FRAME_HEIGHT_PX]) / 2 + wander * chance.uniform(-1.1, 1.1, 2)
    glares = int(chance.integers(0, 3)) if severity else 0
    return View(
        corners=(flat / depth[:, None] + middle).astype(np.float32),
        defocus_px=0.6 + up_to(3.0),
        motion_px=up_to(7.0),
        motion_angle=float(chance.uniform(0, np.pi)),
        exposure=0.92 - up_to(0.75),
        falloff=(severity * chance.uniform(-0.6, 0.6), severity * chance.uniform(-0.6, 0.6)),
        glare=tuple(
            (
                float(chance.uniform(0, FRAME_WIDTH_PX)),
                float(chance.uniform(0, FRAME_HEIGHT_PX)),
                float(chance.uniform(40, 160)),
                60 + up_to(260),
            )
            for _ in range(glares)
        ),
        noise=1.0 + up_to(9.0),
        jpeg_quality=int(95 - up_to(60)),
        ground=int(chance.integers(15, 150)),
        upside_down=bool(chance.random() < 0.1 * severity) if upside_down is None else upside_down,
    )


def look_again(view: View, chance: np.random.Generator) -> View:
    """Return the next exposure of the same scene: the card still lies there, the hand has moved a little."""
    return replace(
        view,
        corners=(view.corners + chance.normal(0, 0.6, 2) + chance.normal(0, 0.15, (4, 2))).astype(np.float32),
        defocus_px=view.defocus_px * float(chance.uniform(0.9, 1.1)),
        motion_px=view.motion_px * float(chance.uniform(0.3, 1.2)),
        motion_angle=float(chance.uniform(0, np.pi)),
        glare=tuple(
            (x + float(chance.normal(0, 6)), y + float(chance.normal(0, 6)), radius, strength)
            for x, y, radius, strength in view.glare
        ),
    )


def photograph(card: PrintedCard, view: View, chance: np.random.Generator) -> Picture:
    """Return the picture that a camera takes of the card in this view."""
    whole = (0, 0, FRAME_WIDTH_PX, FRAME_HEIGHT_PX)
    seen = expose(card.ink, view, whole, _table(view, chance))
    pixels = cv2.addWeighted(seen, 1, _noise(chance), view.noise, 0, dtype=cv2.CV_8U)
    _, coded = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, view.jpeg_quality))
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8)


def card_to_frame(view: View) -> npt.NDArray[np.float64]:
    """Return the 3 x 3 homography from pixels of the flat card to pixels of the frame."""
    corners = np.roll(view.corners, 2, axis=0) if view.upside_down else view.corners
    flat = np.array([[0, 0], [WIDTH_PX, 0], [WIDTH_PX, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(flat, corners), np.float64)


def expose(side: Picture, view: View, window: Window, table: Picture) -> npt.NDArray[np.float32]:
    """Return what falls on the sensor within `window`, before noise, in levels; above 255 the sensor is saturated."""
    left, top, right, bottom = window
    size = (right - left + 2 * MARGIN_PX, bottom - top + 2 * MARGIN_PX)
    shift = np.array([[1, 0, MARGIN_PX - left], [0, 1, MARGIN_PX - top], [0, 0, 1]], np.float64)
    margins = (MARGIN_PX,) * 4
    canvas = cv2.copyMakeBorder(table[top:bottom, left:right], *margins, borderType=cv2.BORDER_REPLICATE)
    cv2.warpPerspective(
        side, shift @ card_to_frame(view), size, dst=canvas, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
    )
    for corner in _round_corners(view):
        cv2.fillPoly(canvas, [np.round(corner - (left, top) + MARGIN_PX).astype(np.int32)], (view.ground,) * 3)
    canvas = cv2.GaussianBlur(canvas, (0, 0), view.defocus_px)
    if view.motion_px >= 1:
        canvas = cv2.filter2D(canvas, -1, _smear(view))
    seen = canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    return _lit(np.asarray(seen, np.uint8), view, window)


def _table(view: View, chance: np.random.Generator) -> Picture:
    rough = chance.integers(-6, 7, (24, 32), dtype=np.int16) + view.ground
    grain = cv2.resize(rough.astype(np.uint8), (FRAME_WIDTH_PX, FRAME_HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    return np.repeat(grain[..., None], 3, axis=2)


def _round_corners(view: View) -> list[npt.NDArray[np.float32]]:
    """Return the four pieces that a card lacks because its corners are round, in pixels of the frame."""
    radius = CORNER_MM * PX_PER_MM
    quarter = np.linspace(0, np.pi / 2, 8)
    arc = radius * (1 - np.stack([np.cos(quarter), np.sin(quarter)], axis=1))
    piece = np.vstack([[[-1.0, -1.0]], arc])
    far = np.array([WIDTH_PX, HEIGHT_PX])
    pieces = [np.where([right, lower], far - piece, piece) for right in (False, True) for lower in (False, True)]
    matrix = card_to_frame(view)
    return [np.asarray(cv2.perspectiveTransform(p[:, None], matrix), np.float32)[:, 0] for p in pieces]


def _smear(view: View) -> npt.NDArray[np.float32]:
    half = int(np.ceil(view.motion_px / 2)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    step = np.array([np.cos(view.motion_angle), np.sin(view.motion_angle)]) * view.motion_px / 2
    begin, end = (((half + sign * step) * 16).round().astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, begin, end, 1.0, 1, cv2.LINE_AA, shift=4)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _lit(seen: Picture, view: View, window: Window) -> npt.NDArray[np.float32]:
    """Put light on it: exposure with its falloff, and the lamps' reflections.

    Everything here is a sum or a product of something along the rows and something along the columns, so it is done
    on height x (width * 3): an axis of 3 at the end takes numpy three times as long.
    """
    left, top, right, bottom = window
    across = np.repeat(np.arange(left, right, dtype=np.float32), 3)[None, :]
    down = np.arange(top, bottom, dtype=np.float32)[:, None]
    columns = 1 - np.float32(view.falloff[0]) * (across / FRAME_WIDTH_PX - 0.5)
    rows = np.float32(view.falloff[1]) * (down / FRAME_HEIGHT_PX - 0.5)
    gain = np.float32(view.exposure) * columns - np.float32(view.exposure) * rows
    lit = np.multiply(seen.reshape(len(seen), -1), gain, out=gain)
    for x, y, radius, strength in view.glare:
        lit += (strength * np.exp(-(((down - y) / radius) ** 2))) * np.exp(-(((across - x) / radius) ** 2))
    return np.asarray(lit, np.float32).reshape(seen.shape)


def _noise(chance: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return noise for one frame, cut at random from a sheet: fresh numbers would take longer than all the optics."""
    sheet = _sheet_of_noise()
    top, left = chance.integers(0, (NOISE_SPARE_PX, NOISE_SPARE_PX))
    return sheet[top : top + FRAME_HEIGHT_PX, left : left + FRAME_WIDTH_PX]


@cache
def _sheet_of_noise() -> npt.NDArray[np.float32]:
    size = (FRAME_HEIGHT_PX + NOISE_SPARE_PX, FRAME_WIDTH_PX + NOISE_SPARE_PX, 3)
    return np.random.default_rng(0).standard_normal(size, np.float32)
