"""Sharpness by a slanted edge, as ISO 12233 does: edge spread, line spread, Fourier transform.

The edge runs nearly upright and a few degrees aslant, so that its rows sample it at many fractions of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

OVERSAMPLING: Final = 4
LEAST_CONTRAST: Final = 20
"""Grey levels between the two sides, or there is no edge to measure."""
SPOT: Final = 30.0
"""Grey levels off its neighbours: a pixel that does not see what they see."""
LEAST_SLANT: Final = 0.02
"""Columns a row: below it all rows sample the edge at the same fractions."""


@dataclass(frozen=True, slots=True, eq=False)
class Sharpness:
    """What the edge says."""

    frequency: Floats
    """Cycles a pixel, 0 to 0.5."""
    mtf: Floats
    """Contrast at that frequency, 1 at none."""
    mtf50: float
    """The first frequency at which half of the contrast is left; 0.5 where that is beyond the sampling."""


class NoEdge(ValueError):  # noqa: N818  what is wrong, in a word
    """The picture shows no slanted edge."""


def measure_edge(grey: npt.NDArray[np.uint8] | Floats) -> Sharpness:
    """Measure one edge in a grey picture, rows x columns. Raise NoEdge where there is none, or no slant."""
    rows = _without_spots(np.asarray(grey, np.float64))
    left, right = rows[:, :4].mean(), rows[:, -4:].mean()
    if abs(right - left) < LEAST_CONTRAST:
        raise NoEdge(f"the two sides differ by {abs(right - left):.0f} grey levels")
    if right < left:
        rows = rows[:, ::-1]
    offset, slant = _edge_line(rows)
    if abs(slant) < LEAST_SLANT:
        raise NoEdge("the edge is upright: it has to be aslant by some degrees")
    spread, edge_at = _edge_spread(rows, offset, slant)
    line = np.diff(spread)
    line *= _hann_around(edge_at, len(line))
    spectrum = np.abs(np.fft.rfft(line))
    frequency = np.fft.rfftfreq(len(line), 1 / OVERSAMPLING)
    # A difference of two neighbours is itself a filter; its loss is taken out again (ISO 12233, annex D).
    correction = np.sinc(frequency / OVERSAMPLING)
    mtf = spectrum / spectrum[0] / np.maximum(correction, 0.1)
    shown = frequency <= 0.5  # noqa: PLR2004  Nyquist
    seen: Floats = np.asarray(frequency[shown], np.float64)
    contrast: Floats = np.asarray(mtf[shown], np.float64)
    return Sharpness(seen, contrast, _crossing(seen, contrast))


def _without_spots(rows: Floats) -> Floats:
    """Take out hot and dead pixels: beside a blurred edge one of them is the steepest step in the picture.

    Along an edge that runs nearly upright the middle of nine neighbours is the pixel itself, however sharp it is.
    """
    middle = cv2.medianBlur(rows.astype(np.float32), 3).astype(np.float64)
    return np.where(np.abs(rows - middle) > SPOT, middle, rows)


def _edge_line(rows: Floats) -> tuple[float, float]:
    """Return where the edge crosses row 0 and how far it moves a row, by the centroid of each row's gradient.

    Twice: the second time each row is looked at near the edge alone, so that noise far off does not pull.
    """
    height, width = rows.shape
    gradient = np.diff(rows, axis=1)
    at = np.arange(width - 1) + 0.5
    weights = np.clip(gradient, 0, None)
    slant, offset = 0.0, float((weights.sum(axis=0) * at).sum() / weights.sum())
    lines = np.arange(height)
    for reach in (width / 3, width / 6, width / 8):
        near = np.abs(at[None, :] - (offset + slant * lines)[:, None]) < reach
        shares = weights * near
        total = shares.sum(axis=1)
        usable = total > 0
        centroids = (shares * at).sum(axis=1)[usable] / total[usable]
        slant, offset = np.polyfit(lines[usable], centroids, 1)
    return float(offset), float(slant)


def _edge_spread(rows: Floats, offset: float, slant: float) -> tuple[Floats, int]:
    """Project all pixels along the edge into bins of a quarter of a pixel; return them and where the edge is."""
    height, width = rows.shape
    distance = np.arange(width)[None, :] - (offset + slant * np.arange(height))[:, None]
    distance *= np.cos(np.arctan(slant))
    reach = width / 2 - abs(slant) * height / 2 - 2
    kept = np.abs(distance) < reach
    bins = np.floor((distance[kept] + reach) * OVERSAMPLING).astype(int)
    count = np.bincount(bins)
    total = np.bincount(bins, rows[kept])
    filled = count > 0
    spread = np.interp(np.arange(len(count)), np.flatnonzero(filled), total[filled] / count[filled])
    return spread, round(reach * OVERSAMPLING)


def _hann_around(centre: int, length: int) -> Floats:
    """Return a window around the edge: what is far from it is noise."""
    half = min(centre, length - 1 - centre)
    window = np.zeros(length)
    window[centre - half : centre + half + 1] = np.hanning(2 * half + 3)[1:-1]
    return window


def _crossing(frequency: Floats, mtf: Floats) -> float:
    below = np.flatnonzero(mtf < 0.5)  # noqa: PLR2004  half
    if not len(below) or below[0] == 0:
        return float(frequency[-1])
    upper = below[0]
    lower = upper - 1
    share = (mtf[lower] - 0.5) / (mtf[lower] - mtf[upper])
    return float(frequency[lower] + share * (frequency[upper] - frequency[lower]))
