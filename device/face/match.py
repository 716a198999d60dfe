"""From the scores of single frames to one answer."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from device.domain.reasons import Reason
from device.face.manifest import Threshold

FRAMES_PER_LOOK = 3
LOOKS = 2
FRAMES_AT_MOST = 60
"""Counting the unusable ones; at the Pi's 10 to 15 frames per second that is 4 to 6 seconds of looking."""


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
    """One attempt of one visitor: feed frame after frame until the answer is not `Undecided`.

    The answer comes from the mean of several scores, never from the best one: the best of N frames would multiply
    the chance of a wrong yes by up to N. After three scored frames the mean is looked at. From the threshold's
    `accept` up it is a match, below `retry` it is none; between them three more frames join in and the mean of all
    six is final, against `accept`.

    So there are at most two looks, and by the union bound a stranger's chance is at most twice that of one look. One
    look at a mean is no worse than one frame: scores of one stranger that move together give the one-frame rate, and
    scores that move apart a lower one. With the rate that `accept` was chosen for (models/manifest.toml) at 1e-4,
    an attempt stays at or under 2e-4. How many attempts a visit may have is the reception's business.
    """

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
        if count % FRAMES_PER_LOOK != 0:
            return None
        mean = math.fsum(self._scores) / count
        if mean >= self._threshold.accept:
            return Matched(mean)
        if mean < self._threshold.retry or count == LOOKS * FRAMES_PER_LOOK:
            return NotMatched(Reason.FACE_MISMATCH, mean)
        return None
