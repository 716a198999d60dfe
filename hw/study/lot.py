"""A lot in the order in which it was tested: does it drift, which units stand out, was it in control?

Outliers by median and MAD (Iglewicz and Hoaglin, 1993), which a few bad units do not pull along. Drift by Theil's and
Sen's slope and Kendall's test. The chart of individuals takes its limits from moving ranges (NIST/SEMATECH e-Handbook,
6.3.2.2) and its rules from Nelson (Journal of Quality Technology 16, 1984).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hw.study.errors import CannotStudy

FEWEST: Final = 5
MAD_OF_SIGMA: Final = 0.6745
AAD_OF_SIGMA: Final = 0.7979
STANDS_OUT: Final = 3.5
"""Of the modified score."""
D2: Final = 1.128
"""Mean range of two in standard deviations."""
SAME_SIDE, STEADY, NEAR_EDGE = 9, 6, 2
DRIFT_P: Final = 0.05


@dataclass(frozen=True, slots=True)
class Remark:
    """A figure that stands out, and the rule by which it does."""

    index: int
    rule: str
    """`outlier`, `beyond_3_sigma`, `nine_on_one_side`, `six_steadily` or `two_of_three_beyond_2_sigma`."""


@dataclass(frozen=True, slots=True)
class LotStudy:
    """The result; `slope` is the change from one unit to the next, with its interval."""

    count: int
    median: float
    mad: float
    center: float
    sigma: float
    low: float
    high: float
    slope: float
    slope_low: float
    slope_high: float
    p: float
    remarks: tuple[Remark, ...]

    @property
    def drifts(self) -> bool:
        """Whether chance alone would hardly order the figures like this."""
        return self.p < DRIFT_P


def study_lot(values: Sequence[float]) -> LotStudy:
    """Reckon from figures in the order of time. Raise CannotStudy for too few."""
    if len(values) < FEWEST:
        raise CannotStudy(f"a lot takes {FEWEST} figures or more; there are {len(values)}")
    seen = np.asarray(values, np.float64)
    median = float(np.median(seen))
    distance = np.abs(seen - median)
    mad = float(np.median(distance))
    center = float(seen.mean())
    sigma = float(np.abs(np.diff(seen)).mean()) / D2
    order = np.arange(len(seen))
    slope, _, slope_low, slope_high = (float(each) for each in stats.theilslopes(seen, order))
    p = 1.0 if np.ptp(seen) == 0 else float(stats.kendalltau(order, seen).pvalue)
    remarks = (*(Remark(index, "outlier") for index in _outliers(seen - median, mad)), *_rules(seen - center, sigma))
    return LotStudy(
        len(seen),
        median,
        mad,
        center,
        sigma,
        center - 3 * sigma,
        center + 3 * sigma,
        slope,
        slope_low,
        slope_high,
        p,
        tuple(sorted(remarks, key=lambda each: each.index)),
    )


def _outliers(off: NDArray[np.float64], mad: float) -> Iterable[int]:
    """Where more than half are alike the MAD is 0, and the mean deviation takes its place; so say the authors."""
    scale = mad / MAD_OF_SIGMA or float(np.abs(off).mean()) / AAD_OF_SIGMA
    return (int(index) for index in np.flatnonzero(np.abs(off) > STANDS_OUT * scale)) if scale else ()


def _rules(off: NDArray[np.float64], sigma: float) -> Iterable[Remark]:
    for index in range(len(off)):
        if abs(off[index]) > 3 * sigma:
            yield Remark(index, "beyond_3_sigma")
        side = np.sign(off[max(0, index + 1 - SAME_SIDE) : index + 1])
        if len(side) == SAME_SIDE and abs(side.sum()) == SAME_SIDE:
            yield Remark(index, "nine_on_one_side")
        steps = np.sign(np.diff(off[max(0, index + 1 - STEADY) : index + 1]))
        if len(steps) == STEADY - 1 and abs(steps.sum()) == STEADY - 1:
            yield Remark(index, "six_steadily")
        edge = off[max(0, index - NEAR_EDGE) : index + 1]
        for sign in (1, -1):
            if sign * off[index] > 2 * sigma and (sign * edge > 2 * sigma).sum() >= NEAR_EDGE:
                yield Remark(index, "two_of_three_beyond_2_sigma")
