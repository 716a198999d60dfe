"""Cp and Cpk of a measurement over a lot, with intervals that hold the true value in 95 of 100 cases.

The spread is the whole lot's (some call the results Pp and Ppk). Intervals: Cp by chi-square; Cpk by Bissell's normal
approximation (Applied Statistics 39, 1990). Both suppose figures that are about normally distributed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from hw.study.errors import CannotStudy

FEWEST: Final = 5
"""Below, the interval is so wide that the figure misleads."""
ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True)
class Index:
    """An index and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Capability:
    """The result. `cp` is None where there is one limit only."""

    count: int
    mean: float
    deviation: float
    lower: float | None
    upper: float | None
    cp: Index | None
    cpk: Index
    outside: int
    """Figures beyond a limit."""
    expected_ppm: float
    """Units in a million beyond a limit, were the figures normally distributed with this mean and spread."""


def study_capability(values: Sequence[float], lower: float | None, upper: float | None) -> Capability:
    """Reckon from one figure for each unit. Raise CannotStudy where they do not carry it."""
    if len(values) < FEWEST:
        raise CannotStudy(f"a capability takes {FEWEST} units or more; there are {len(values)}")
    seen = np.asarray(values, np.float64)
    mean, deviation = float(seen.mean()), float(seen.std(ddof=1))
    if deviation == 0:
        raise CannotStudy("all figures are alike: they have no spread to hold against the limits")
    outside = sum((lower is not None and each < lower) or (upper is not None and each > upper) for each in values)
    cp, cpk = indices(len(values), mean, deviation, lower, upper)
    tails = (None if lower is None else (mean - lower), None if upper is None else (upper - mean))
    ppm = 1e6 * sum(float(stats.norm.sf(each / deviation)) for each in tails if each is not None)
    return Capability(len(values), mean, deviation, lower, upper, cp, cpk, outside, ppm)


def indices(
    count: int, mean: float, deviation: float, lower: float | None, upper: float | None
) -> tuple[Index | None, Index]:
    """Return Cp and Cpk from the sample's figures. Raise CannotStudy without any limit."""
    sides = [(mean - lower) / (3 * deviation)] if lower is not None else []
    sides += [(upper - mean) / (3 * deviation)] if upper is not None else []
    if not sides:
        raise CannotStudy("a capability takes a limit; this measurement has none")
    cpk = min(sides)
    half = float(stats.norm.isf(ALPHA / 2)) * math.sqrt(1 / (9 * count) + cpk**2 / (2 * (count - 1)))
    nearest = Index(cpk, cpk - half, cpk + half)
    if lower is None or upper is None:
        return None, nearest
    cp = (upper - lower) / (6 * deviation)
    low, high = (math.sqrt(float(stats.chi2.ppf(q, count - 1)) / (count - 1)) for q in (ALPHA / 2, 1 - ALPHA / 2))
    return Index(cp, cp * low, cp * high), nearest
