"""Which of the frames' complaints is worth saying."""

from __future__ import annotations

from device.domain.reasons import FACE_HINTS, Reason

FRAMES_BEFORE_A_WORD = 4
"""People move into place: only what lasts this long (about 0.3 s on a Pi) is no passing thing."""


class HintFilter:
    """Feed it every frame's reason, or None for a good frame; it answers with a hint when one has lasted."""

    def __init__(self) -> None:
        self._last: Reason | None = None
        self._lasted = 0

    def feed(self, reason: Reason | None) -> Reason | None:
        """Return `reason` when so many frames in a row had it, and again after as many more; else None."""
        self._lasted = self._lasted + 1 if reason is self._last else 1
        self._last = reason
        if reason not in FACE_HINTS or self._lasted % FRAMES_BEFORE_A_WORD:
            return None
        return reason
