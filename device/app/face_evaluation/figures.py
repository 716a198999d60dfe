"""From directions to rates: accuracy over the benchmark's folds, and what share of whom passes at which score.

Strangers are all pairs of photos of two people, one in the first view and one in the second. A photo without a face
counts against its own person (it never passes) and is no stranger. Intervals are 95 % of a bootstrap over people: whole
people are drawn again, with all their photos, because pairs that share a person are not independent of one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from device.app.face_evaluation.gallery import Fold, Gallery, Pair
from device.app.face_evaluation.vectors import Directions

Scores = npt.NDArray[np.float32]
People = npt.NDArray[np.int64]

FARS = (1e-3, 1e-4, 1e-5)
KEPT_SHARE = 4e-3
"""The highest-scoring strangers are kept one by one, with who they are; of all others only the histogram."""
BINS = 4000
ROWS = 512
RESAMPLES = 1000
NEVER = -2.0
"""The score of a photo without a face: below every cosine."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the 95 % interval round it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rate:
    """What passes where one in so many strangers does."""

    far: float
    score: Interval
    tar: Interval


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Right answers over the folds, each with the threshold that is best on the others."""

    mean: float
    deviation: float
    folds: int


@dataclass(frozen=True, slots=True)
class Strangers:
    """All pairs of two people."""

    total: int
    histogram: npt.NDArray[np.int64] = field(repr=False)
    """Counts over `BINS` equal steps from -1 to 1."""
    scores: Scores = field(repr=False)
    """The highest, falling."""
    one: People = field(repr=False)
    other: People = field(repr=False)
    """Whose photos those are."""

    def share_at(self, score: float) -> float:
        """Return the share of strangers who reach this score. Raise ValueError below what was kept."""
        if len(self.scores) < self.total and score < self.scores[-1]:
            raise ValueError("so low a score was not kept")
        return float(np.count_nonzero(self.scores >= score) / self.total)

    def score_at(self, far: float) -> float:
        """Return the least score that at most this share of strangers reaches."""
        passing = int(far * self.total)
        return float(np.nextafter(self.scores[passing], np.float32(2), dtype=np.float32))


def places_of(gallery: Gallery) -> People:
    """Return for each photo the place of its person in `gallery.people`."""
    order = {name: place for place, name in enumerate(gallery.people)}
    return np.array([order[shot.person] for shot in gallery.shots])


def pair_scores(one: Directions, other: Directions, pairs: Sequence[Pair]) -> Scores:
    """Return the cosine of each pair, its first photo from `one`, its second from `other`."""
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    scores = np.einsum("ij,ij->i", one[first], other[second])
    return np.asarray(np.where(np.isnan(scores), NEVER, scores), np.float32)


def strangers(one: Directions, other: Directions, people: People) -> Strangers:
    """Return every pair of two people; each unordered pair once where both views are the same array."""
    histogram = np.zeros(BINS, np.int64)
    for scores, _, _ in _blocks(one, other, people):
        histogram += np.histogram(scores, BINS, (-1, 1))[0]
    total = int(histogram.sum())
    if not total:
        nobody = np.empty(0, np.int64)
        return Strangers(0, histogram, np.empty(0, np.float32), nobody, nobody)
    wanted = max(int(KEPT_SHARE * total), min(total, 1000))
    reached = np.cumsum(histogram[::-1])
    edge = BINS - 1 - int(np.searchsorted(reached, wanted))
    floor = -1 + 2 * edge / BINS if edge > 0 else -1.0
    kept = [
        (scores[high], a[high], b[high]) for scores, a, b in _blocks(one, other, people) for high in [scores >= floor]
    ]
    scores, a, b = (np.concatenate(column) for column in zip(*kept, strict=True))
    order = np.argsort(-scores, kind="stable")
    return Strangers(total, histogram, scores[order], a[order], b[order])


def accuracy(one: Directions, other: Directions, folds: Sequence[Fold]) -> Accuracy | None:
    """Return the accuracy over the folds; None where there are fewer than two."""
    if len(folds) < 2:  # noqa: PLR2004  a threshold is chosen on the others
        return None
    parts = [(pair_scores(one, other, fold.same), pair_scores(one, other, fold.different)) for fold in folds]
    rights = []
    for held in range(len(parts)):
        same = np.concatenate([part[0] for place, part in enumerate(parts) if place != held])
        different = np.concatenate([part[1] for place, part in enumerate(parts) if place != held])
        best = _best_threshold(same, different)
        right = np.count_nonzero(parts[held][0] >= best) + np.count_nonzero(parts[held][1] < best)
        rights.append(right / (len(parts[held][0]) + len(parts[held][1])))
    return Accuracy(float(np.mean(rights)), float(np.std(rights, ddof=1)), len(rights))


def rates(
    genuine: Scores, owners: People, apart: Strangers, photos: tuple[People, People], *, seed: int = 1
) -> list[Rate]:
    """Return the rates at `FARS`, as far as there are strangers enough to tell (ten, at least, must pass).

    `owners`: whose pair each genuine score is. `photos`: for both views, how many usable photos each person has.
    """
    chance = np.random.default_rng(seed)
    fars = [far for far in FARS if far * apart.total >= 10]  # noqa: PLR2004
    tried: list[list[tuple[float, float]]] = [[] for _ in fars]
    for _ in range(RESAMPLES if fars else 0):
        weights = np.bincount(chance.integers(0, len(photos[0]), len(photos[0])), minlength=len(photos[0]))
        reached = np.cumsum(weights[apart.one] * weights[apart.other])
        total = _pairs_of_two(weights * photos[0], weights * photos[1]) * (apart.total / _pairs_of_two(*photos))
        drawn = weights[owners]
        for place, far in enumerate(fars):
            at = min(int(np.searchsorted(reached, far * total, "right")), len(apart.scores) - 1)
            score = float(apart.scores[at])
            tried[place].append((score, float(drawn[genuine > score].sum() / max(drawn.sum(), 1))))
    found = []
    for far, resampled in zip(fars, tried, strict=True):
        score = apart.score_at(far)
        scores, tars = np.array(resampled).T
        found.append(Rate(far, _interval(score, scores), _interval(float(np.mean(genuine >= score)), tars)))
    return found


def curve(genuine: Scores, apart: Strangers) -> list[tuple[float, float, float]]:
    """Return score, share of strangers who pass, share of genuine pairs who do not, from low scores to high."""
    edges = np.linspace(-1, 1, BINS + 1)[:-1]
    passing = apart.histogram[::-1].cumsum()[::-1] / apart.total
    missed = np.searchsorted(np.sort(genuine), edges) / len(genuine)
    worth = (passing > 0) & (np.diff(passing, prepend=2.0) != 0)
    return [(float(a), float(b), float(c)) for a, b, c in zip(edges[worth], passing[worth], missed[worth], strict=True)]


def equal_error(points: Sequence[tuple[float, float, float]]) -> float:
    """Return the rate at which strangers who pass and genuine pairs who do not are equally many."""
    _, passing, missed = min(points, key=lambda point: abs(point[1] - point[2]))
    return (passing + missed) / 2


def _blocks(one: Directions, other: Directions, people: People) -> Iterator[tuple[Scores, People, People]]:
    once = one is other
    usable = [np.flatnonzero(~np.isnan(view[:, 0])) for view in (one, other)]
    columns = other[usable[1]]
    for start in range(0, len(usable[0]), ROWS):
        rows = usable[0][start : start + ROWS]
        scores = one[rows] @ columns.T
        apart = people[rows][:, np.newaxis] != people[usable[1]]
        if once:
            apart &= rows[:, np.newaxis] < usable[1]
        row, column = np.nonzero(apart)
        yield np.clip(scores[apart], -1, 1), people[rows[row]], people[usable[1][column]]


def _best_threshold(same: Scores, different: Scores) -> float:
    candidates = np.unique(np.concatenate([same, different]))
    right = len(same) - np.searchsorted(np.sort(same), candidates) + np.searchsorted(np.sort(different), candidates)
    best = np.flatnonzero(right == right.max())
    return float(candidates[best[len(best) // 2]])


def _pairs_of_two(one: People, other: People) -> int:
    return int(one.sum()) * int(other.sum()) - int((one * other).sum())


def _interval(value: float, resampled: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(resampled, (2.5, 97.5))
    return Interval(value, float(low), float(high))
