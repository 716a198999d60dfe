"""One move, from the call for it until it is seen: a head that turns, or a face that comes closer.

Every frame with a face is one view. What was seen before the face was lost, jumped or became somebody else's counts no
longer: a picture held up in place of another one begins anew, and a move begins where the visitor looks straight on.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from device.domain.values import Move
from device.face.detect import Face
from device.face.liveness.parallax import View, turn_shown, view

TOWARDS = {Move.TURN_LEFT: 1.0, Move.TURN_RIGHT: -1.0}
"""The visitor's left is the picture's right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLimits:
    """Where a move begins and ends. What they rest on: docs/liveness.md."""

    turn: float = 0.12
    """`turn_shown` of a turn that counts: some 25 degrees of an adult's head."""
    turn_at_rest: float = 0.05
    """Looking straight on, at most."""
    nearer: float = 1.3
    """How many times larger a face is that came closer."""
    nearer_at_rest: float = 1.15
    frames: int = 3
    """The mean of so many frames in a row is looked at, so that one misplaced point decides nothing."""
    jump: float = 0.6
    """From one frame to the next, in widths of the face; more is another face."""
    growth: float = 1.3
    """From one frame to the next, how many times larger or smaller; more is another face."""


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """How the visitor looked straight on, while being compared with the card."""

    view: View
    size_px: float
    """From eyes to mouth."""

    @classmethod
    def of(cls, faces: list[Face]) -> Rest | None:
        """Return the mean of these faces; None when there is nothing to take the mean of."""
        views = [seen for face in faces if (seen := view(face.points)) is not None]
        if not views:
            return None
        return cls(np.mean(views, axis=0), math.fsum(size_px(face) for face in faces) / len(faces))


class MoveWatch:
    """Feed it every frame's face, or None where there is none, until it has seen the move."""

    def __init__(
        self, move: Move, rest: Rest, limits: MoveLimits = MoveLimits(), *, straight: Face | None = None
    ) -> None:
        """`straight`: the face that looked straight on just now, where there is one; the move has begun there."""
        self._move = move
        self._rest = rest
        self._limits = limits
        self._last = straight
        self._began = straight is not None
        self._lately: deque[float] = deque(maxlen=limits.frames)

    @property
    def underway(self) -> float:
        """How far the move has come, as the mean of the latest frames: turn shown, or times larger."""
        return math.fsum(self._lately) / len(self._lately) if self._lately else 0.0

    def feed(self, face: Face | None) -> bool:
        """Return whether the move is seen, with this frame as its last."""
        now = None if face is None else view(face.points)
        if face is None or now is None or self._jumped(face):
            self.begin_anew()
            self._last = face
            return False
        self._last = face
        amount = self._amount(face, now)
        if amount is None:
            return False
        limits = self._limits
        turn = self._move.is_turn
        at_rest = abs(amount) <= limits.turn_at_rest if turn else amount <= limits.nearer_at_rest
        self._began = self._began or at_rest
        self._lately.append(amount)
        enough = limits.turn if turn else limits.nearer
        return self._began and len(self._lately) == limits.frames and self.underway >= enough

    def _amount(self, face: Face, now: View) -> float | None:
        """Return the turn shown towards the side asked for, or how many times larger the face is."""
        if not self._move.is_turn:
            return size_px(face) / self._rest.size_px
        shown = turn_shown(self._rest.view, now)
        return None if shown is None else TOWARDS[self._move] * shown

    @property
    def mistaken(self) -> bool:
        """Whether the head has turned to the other side instead."""
        return self._move.is_turn and len(self._lately) == self._limits.frames and self.underway <= -self._limits.turn

    def begin_anew(self) -> None:
        """Forget what was seen of the move."""
        self._began = False
        self._last = None
        self._lately.clear()

    def _jumped(self, face: Face) -> bool:
        if self._last is None:
            return False
        grown = face.width / self._last.width
        across = face.left + face.width / 2 - self._last.left - self._last.width / 2
        down = face.top + face.height / 2 - self._last.top - self._last.height / 2
        far = math.hypot(across, down) > self._limits.jump * self._last.width
        return far or not 1 / self._limits.growth <= grown <= self._limits.growth


def size_px(face: Face) -> float:
    """Return the distance from the eyes to the mouth, between their middles; turning aside does not shorten it."""
    points = face.points
    return float(np.linalg.norm(points[:2].mean(axis=0) - points[3:].mean(axis=0)))
