"""Shares of counted things, with intervals that hold for few of them, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, lgamma, log

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact 95 % interval (Clopper and Pearson, 1934)."""

    count: int
    of: int
    low: float
    high: float


def share(count: int, of: int) -> Share:
    """Return the share of `count` among `of`. Raise ValueError unless 0 <= count <= of and of > 0."""
    if not 0 <= count <= of or of == 0:
        raise ValueError("a share is of something")
    if count > of / 2:  # fewer terms to add up
        rest = share(of - count, of)
        return Share(count, of, 1 - rest.high, 1 - rest.low)
    tail = (1 - CONFIDENCE) / 2
    # The bounds are where the binomial distribution leaves just the tail beyond what was counted.
    low = 0.0 if count == 0 else _solve(lambda p: 1 - _at_most(count - 1, of, p) - tail)
    high = _solve(lambda p: tail - _at_most(count, of, p))
    return Share(count, of, low, high)


def _at_most(count: int, of: int, p: float) -> float:
    """Return the chance of at most `count` successes in `of` tries of chance `p`."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return float(count >= of)
    logs = [
        lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1) + k * log(p) + (of - k) * log(1 - p)
        for k in range(count + 1)
    ]
    return min(1.0, sum(exp(each) for each in logs))


def _solve(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(48):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
