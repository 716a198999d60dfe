"""How sure a figure is: half the width of the interval that holds the true value in 95 of 100 cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

Z: Final = 1.959964
"""Of the normal distribution, for 95 %."""


def percentile(samples: Sequence[float], share: float) -> tuple[float, float]:
    """Return the percentile (0..1) and its uncertainty by order statistics: no distribution is assumed.

    The interval lies between the ranks n·p ± z·√(n·p·(1-p)), cut at the ends (Conover, Practical Nonparametric
    Statistics, 3.2). Raise ValueError without samples.
    """
    if not samples:
        raise ValueError("no samples")
    ordered = np.sort(np.asarray(samples, np.float64))
    count = len(ordered)
    half = Z * math.sqrt(count * share * (1 - share))
    low = max(0, math.floor(count * share - half))
    high = min(count - 1, math.ceil(count * share + half))
    value = float(np.quantile(ordered, share))
    return value, float(max(ordered[high] - value, value - ordered[low]))


def share_percent(hits: int, tries: int) -> tuple[float, float]:
    """Return hits as a percentage of tries and the half width of its Wilson interval in points of a percentage."""
    if tries <= 0:
        raise ValueError("no tries")
    share = hits / tries
    half = Z / (1 + Z**2 / tries) * math.sqrt(share * (1 - share) / tries + Z**2 / (4 * tries**2))
    return 100 * share, 100 * half


def mean(samples: Sequence[float]) -> tuple[float, float]:
    """Return the mean and z times its standard error; for one sample the uncertainty is not known: infinity."""
    values = np.asarray(samples, np.float64)
    if len(values) < 2:  # noqa: PLR2004  a spread takes two
        return float(values.mean()), math.inf
    return float(values.mean()), float(Z * values.std(ddof=1) / math.sqrt(len(values)))


def of_step(step: float) -> float:
    """Return the uncertainty of a moment that was seen in steps: uniform within one step."""
    return Z * step / math.sqrt(12)


def slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return the slope of the straight line through the points (least squares) and its uncertainty."""
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    across = float(((xs - xs.mean()) ** 2).sum())
    if len(xs) < 3 or across == 0:  # noqa: PLR2004  two points fit any line
        raise ValueError("a slope takes three points, not all at one place")
    rise = float(((xs - xs.mean()) * (ys - ys.mean())).sum()) / across
    rest = ys - ys.mean() - rise * (xs - xs.mean())
    return rise, Z * math.sqrt(float((rest**2).sum()) / (len(xs) - 2) / across)
