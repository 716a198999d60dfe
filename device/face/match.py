"""From the scores of single frames to one answer, with an error that holds however alike the frames are.

The rule looks at the mean of all scores so far after every frame, and ends as soon as that is clear. From the
threshold's `accept` up it is a match: for most visitors after one frame. Nobody is told "no" by a few unlucky frames:
only from the fourth on does a mean below `retry` end the attempt, and the eighth is the last.

What looking eight times costs. A stranger has as many chances to be taken for the holder as there are looks, but they
are not independent: the frames show one face, and the mean moves less with each of them. If all frames were the same
picture, eight looks would be one. If they had nothing in common, the mean would fall to the strangers' average at once.
The worst lies between: over all correlations of equally correlated normal scores, the chance of passing at any of the
eight looks is at most `WORST_INFLATION` times that of a single frame (`inflation` computes it, a test holds it, and
`uketsuke face evaluate` checks it on real scores). The best of eight frames would be up to 8 times.

So where an attempt may let one stranger in 10,000 pass, `accept` is the score that one in `WORST_INFLATION` times
10,000 reaches with one frame. How many attempts a visit may have is the reception's business; each adds as much.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.domain.reasons import Reason
from device.face.manifest import Threshold

FRAMES_BEFORE_A_NO = 4
FRAMES_SCORED_AT_MOST = 8
FRAMES_AT_MOST = 60
"""Counting the unusable ones; at the Pi's 10 to 15 frames per second that is 4 to 6 seconds of looking."""
WORST_INFLATION = 1.35


@dataclass(frozen=True, slots=True)
class Undecided:
    """Go on. `hint` says what was wrong with the frame just fed, if something was."""

    hint: Reason | None


@dataclass(frozen=True, slots=True)
class Matched:
    """The same person, with the mean score."""

    score: float


@dataclass(frozen=True, slots=True)
class NotMatched:
    """Not shown to be the same person: FACE_MISMATCH with the mean score, or what kept us from seeing a face."""

    reason: Reason
    score: float | None


Decision = Undecided | Matched | NotMatched


class MatchRun:
    """One attempt of one visitor: feed frame after frame until the answer is not `Undecided`."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._scores: list[float] = []
        self._hints: Counter[Reason] = Counter()
        self._answer: Matched | NotMatched | None = None

    def feed(self, frame: float | Reason) -> Decision:
        """Take one frame's score, or the reason why it has none.

        Raise ValueError after the final answer, and for a score that is no finite number; then nothing has changed.
        """
        if self._answer is not None:
            raise ValueError("this run has its answer")
        hint = frame if isinstance(frame, Reason) else None
        if isinstance(frame, Reason):
            self._hints[frame] += 1
        elif math.isfinite(frame):
            self._scores.append(frame)
            self._answer = self._look()
        else:
            raise ValueError("a score is a finite number")
        if self._answer is None and len(self._scores) + self._hints.total() == FRAMES_AT_MOST:
            self._answer = NotMatched(self._hints.most_common(1)[0][0], None)
        return self._answer or Undecided(hint)

    def _look(self) -> Matched | NotMatched | None:
        count = len(self._scores)
        mean = math.fsum(self._scores) / count
        if mean >= self._threshold.accept:
            return Matched(mean)
        if count == FRAMES_SCORED_AT_MOST or (count >= FRAMES_BEFORE_A_NO and mean < self._threshold.retry):
            return NotMatched(Reason.FACE_MISMATCH, mean)
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What the rule says of many attempts at once."""

    matched: npt.NDArray[np.bool_]
    frames: npt.NDArray[np.int64]
    """How many were needed."""


def decide(attempts: npt.NDArray[np.floating], threshold: Threshold) -> Outcomes:
    """Return what `MatchRun` would say of each row of FRAMES_SCORED_AT_MOST scores."""
    count = np.arange(1, FRAMES_SCORED_AT_MOST + 1)
    means = np.cumsum(attempts[:, :FRAMES_SCORED_AT_MOST], axis=1) / count
    yes = means >= threshold.accept
    ends = yes | ((count >= FRAMES_BEFORE_A_NO) & (means < threshold.retry)) | (count == FRAMES_SCORED_AT_MOST)
    last = ends.argmax(axis=1)
    return Outcomes(yes[np.arange(len(last)), last], last + 1)


def inflation(correlation: float, far: float, *, looks: Sequence[int], samples: int, seed: int = 0) -> float:
    """Return how many times likelier a stranger passes at any of `looks` than with one frame of chance `far`.

    Scores are standard normal, each two of one attempt correlated by `correlation`. Chances of 1 in 10,000 are not
    met by drawing at random, so attempts are drawn where passing is common (one way for each look) and weighed by how
    much rarer they are in truth (importance sampling, balance heuristic).
    """
    chance = np.random.default_rng(seed)
    bound = _upper_quantile(far)
    frames, share = max(looks), samples // len(looks)
    pushes = []
    for look in looks:
        push = bound / (correlation + (1 - correlation) / look)
        each = np.where(np.arange(frames) < look, push * math.sqrt(1 - correlation) / look, 0.0)
        pushes.append((push * math.sqrt(correlation), each))
    passed = 0.0
    for push, each in pushes:
        common = chance.normal(push, 1, share)
        own = chance.normal(0, 1, (share, frames)) + each
        scores = math.sqrt(correlation) * common[:, np.newaxis] + math.sqrt(1 - correlation) * own
        means = np.cumsum(scores, axis=1) / np.arange(1, frames + 1)
        passes = (means[:, [look - 1 for look in looks]] >= bound).any(axis=1)
        densities = [p * common - p * p / 2 + own @ e - float(e @ e) / 2 for p, e in pushes]
        passed += float((passes / np.exp(densities).mean(axis=0)).sum())
    return passed / (share * len(looks)) / far


def _upper_quantile(far: float) -> float:
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erfc(middle / math.sqrt(2)) / 2 > far else (low, middle)
    return low
