"""Time that passes only when told to."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime, timedelta

STORY_START = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
"""Where stories begin unless they say otherwise: nine in the morning in Japan, on a working Wednesday."""


class SimulatedClock:
    """A `Clock` that stands still between two calls of `advance()`. May be read and moved from any thread."""

    def __init__(self, start: datetime = STORY_START) -> None:
        if start.tzinfo is None:
            raise ValueError("the start must say its zone")
        self._start = start.astimezone(UTC)
        self._passed_s = 0.0
        self._off_by = timedelta()
        self._vouched_for = True
        self._lock = threading.Lock()

    def monotonic_s(self) -> float:
        """Return the seconds that have passed since the start."""
        with self._lock:
            return self._passed_s

    def utc_now(self) -> datetime:
        """Return the start plus the time that has passed, and whatever the wall clock was set wrong by."""
        return self._start + timedelta(seconds=self.monotonic_s()) + self._off_by

    def set_wrong_by(self, off_by: timedelta) -> None:
        """From now on the wall clock is wrong by this; zero is right again. The other clock does not notice."""
        self._off_by = off_by

    def utc_now_if_trusted(self) -> datetime | None:
        """Return the wall clock unless `doubt()` was called."""
        return self.utc_now() if self._vouched_for else None

    def doubt(self) -> None:
        """From now on nothing vouches for the wall clock, as on a unit that has not met its time service yet."""
        self._vouched_for = False

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once. Raise ValueError for a step back, NaN or infinity."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"time passes forwards, not by {seconds} s")
        with self._lock:
            self._passed_s += seconds
