"""Do these frames come from a camera that is looking now? Numbers, times and repeats are checked, no picture is kept.

A stuck driver, a loop that somebody feeds in and a recording all break one of these rules sooner or later: frames are
numbered upwards, each was exposed soon after the call for it and not in the future, times go forwards by steps that a
camera makes, and no two frames are equal to the last bit, because a sensor's noise never is. Repeats are told by a
keyed hash of the pixels whose key is drawn for each attempt and thrown away with it, so nothing of a face outlives the
attempt.

Time that the unit itself takes over a frame says nothing of the camera: a slow processor makes a slow visit, no fault.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from device.ports.camera import Frame, Picture

DIGEST_BYTES = 16


class Oddity(StrEnum):
    """What a frame cannot be, coming from a camera that is looking now."""

    OUT_OF_ORDER = "its number does not count up"
    BACKWARDS = "its time is not later than that of the frame before"
    TOO_SOON = "it comes sooner after the frame before than a camera can"
    LATE = "it was exposed too long after it was asked for"
    STALE = "it was exposed before it was asked for"
    FROM_THE_FUTURE = "it says that it was exposed later than now"
    REPEATED = "it is equal to an earlier frame to the last bit"


@dataclass(frozen=True, slots=True)
class Timing:
    """What a camera can do, in seconds."""

    slack_s: float = 0.02
    """Clocks are read one after the other, and a sensor's time is converted."""
    shortest_gap_s: float = 0.004
    """250 frames a second: more than any camera that this unit is made for."""
    longest_wait_s: float = 2.0
    """What the camera's port may take to give a frame before that is a fault."""


class FrameWatch:
    """Watches the frames of one attempt. After an oddity the attempt is over: nothing later can mend it."""

    def __init__(self, key: bytes, timing: Timing = Timing()) -> None:
        """`key`: 16 to 64 random bytes, for this attempt alone."""
        self._key = key
        self._timing = timing
        self._last: tuple[int, float] | None = None
        self._seen: set[bytes] = set()

    def check(self, frame: Frame, *, asked_s: float, now_s: float) -> Oddity | None:
        """Return what is wrong with a frame that was asked for at `asked_s` and is here at `now_s`, if anything is."""
        odd = self._time(frame, asked_s, now_s) or self._repeat(frame.pixels)
        self._last = (frame.number, frame.taken_s)
        return odd

    def _time(self, frame: Frame, asked_s: float, now_s: float) -> Oddity | None:
        timing = self._timing
        if frame.taken_s < asked_s - timing.slack_s:
            return Oddity.STALE
        if frame.taken_s > now_s + timing.slack_s:
            return Oddity.FROM_THE_FUTURE
        if frame.taken_s > asked_s + timing.longest_wait_s + timing.slack_s:
            return Oddity.LATE
        if self._last is None:
            return None
        number, taken_s = self._last
        if frame.number <= number:
            return Oddity.OUT_OF_ORDER
        if frame.taken_s <= taken_s:
            return Oddity.BACKWARDS
        return Oddity.TOO_SOON if frame.taken_s - taken_s < timing.shortest_gap_s else None

    def _repeat(self, pixels: Picture) -> Oddity | None:
        if pixels.min() == pixels.max():  # a covered lens: there is nothing in it to repeat
            return None
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=DIGEST_BYTES, key=self._key).digest()
        if digest in self._seen:
            return Oddity.REPEATED
        self._seen.add(digest)
        return None
