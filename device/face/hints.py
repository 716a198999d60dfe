"""Which of the frames' complaints is worth saying."""

from __future__ import annotations

from device.domain.prompts import STEERING, Phrase
from device.domain.reasons import FACE_HINTS, Reason

Hint = Reason | Phrase

FRAMES_BEFORE_A_WORD = 4
"""People move into place: only what lasts this long (about 0.3 s on a Pi) is no passing thing."""


class HintFilter:
    """Feed it what each frame lacked (a reason, a way to go) or None; it answers with a hint when one has lasted."""

    def __init__(self) -> None:
        self._last: Hint | None = None
        self._lasted = 0

    def feed(self, hint: Hint | None) -> Hint | None:
        """Return `hint` when so many frames in a row had it, and again after as many more; else None."""
        self._lasted = self._lasted + 1 if hint is self._last else 1
        self._last = hint
        if hint not in FACE_HINTS | STEERING or self._lasted % FRAMES_BEFORE_A_WORD:
            return None
        return hint
