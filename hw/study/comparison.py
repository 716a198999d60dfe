"""Two builds: by how much does one differ from the other, and how sure is that?

Means by Welch's interval, which supposes no equal spreads; medians by a bootstrap, which supposes no distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hw.study.errors import CannotStudy

FEWEST: Final = 3
RESAMPLES: Final = 5000
SEED: Final = 20260406
"""The same figures give the same interval, every time."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One build's figures."""

    name: str
    count: int
    mean: float
    deviation: float
    median: float


@dataclass(frozen=True, slots=True)
class Difference:
    """New less old, with the interval that holds the true difference in 95 of 100 cases."""

    value: float
    low: float
    high: float

    @property
    def is_shown(self) -> bool:
        """Whether no difference at all lies outside the interval."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result."""

    old: Sample
    new: Sample
    mean: Difference
    t: float
    freedom: float
    p: float
    median: Difference


def compare(old: Sequence[float], new: Sequence[float], names: tuple[str, str]) -> Comparison:
    """Reckon from the figures of two builds. Raise CannotStudy for too few, or for none that vary."""
    samples = []
    for name, values in zip(names, (old, new), strict=True):
        if len(values) < FEWEST:
            raise CannotStudy(f"a comparison takes {FEWEST} figures of each build; {name!r} has {len(values)}")
        seen = np.asarray(values, np.float64)
        samples.append(Sample(name, len(seen), float(seen.mean()), float(seen.std(ddof=1)), float(np.median(seen))))
    before, after = samples
    if before.deviation == 0 and after.deviation == 0:
        raise CannotStudy("neither build's figures vary: there is no spread to hold the difference against")
    welch = stats.ttest_ind(new, old, equal_var=False)
    span = welch.confidence_interval(0.95)
    return Comparison(
        before,
        after,
        Difference(after.mean - before.mean, float(span.low), float(span.high)),
        float(welch.statistic),
        float(welch.df),
        float(welch.pvalue),
        _medians(np.asarray(old, np.float64), np.asarray(new, np.float64)),
    )


def _medians(old: NDArray[np.float64], new: NDArray[np.float64]) -> Difference:
    chance = np.random.default_rng(SEED)
    drawn = [np.median(chance.choice(values, (RESAMPLES, len(values))), axis=1) for values in (old, new)]
    low, high = np.quantile(drawn[1] - drawn[0], (0.025, 0.975))
    return Difference(float(np.median(new) - np.median(old)), float(low), float(high))
