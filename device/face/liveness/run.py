"""One attempt of one visitor, from the first frame to the last move: independent layers, each of which can only deny.

Nothing here can turn a mismatch into a match: the layers are asked after the faces have matched, and the first one that
says no ends the attempt. Which layers there are, and what takes the place of one that is absent, is in the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from device.domain.values import Challenge, Move
from device.face.detect import Face
from device.face.embed import Direction
from device.face.engine import Model
from device.face.liveness.moves import MoveLimits, MoveWatch, Rest
from device.face.liveness.passive import Bands, Opinion, judge, probability
from device.face.liveness.provenance import FrameWatch, Oddity, Timing
from device.face.liveness.same_person import SameLimits, SamePerson
from device.ports.camera import Frame, Picture


class Layer(StrEnum):
    """Who can deny."""

    PASSIVE = "passive"
    """The networks that look at the surface."""
    MOVE = "move"
    """A move drawn by chance, with the parallax that a flat picture lacks."""
    SAME = "same"
    """The same person on every frame of the move."""
    PROVENANCE = "provenance"
    """Frames of a camera that is looking now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessRules:
    """Which layers are in use, and their limits."""

    challenge: Challenge = Challenge.WHEN_UNSURE
    bands: Bands | None = None
    """Of the networks; None where they are absent, and then a move is always asked for."""
    frames: int = 5
    """So many at least have the networks' opinion."""
    moves: tuple[Move, ...] = tuple(Move)
    timing: Timing = field(default_factory=Timing)
    move: MoveLimits = field(default_factory=MoveLimits)
    same: SameLimits = field(default_factory=SameLimits)

    @property
    def asks_everybody(self) -> bool:
        """Whether a move is asked for whatever the networks think, or because there are none to think."""
        return self.challenge is Challenge.ALWAYS or (self.bands is None and self.challenge is not Challenge.NEVER)


@dataclass(frozen=True, slots=True)
class Denied:
    """A layer said no. Which one is for the log of the unit, never for the visitor's ears."""

    layer: Layer


@dataclass(frozen=True, slots=True)
class Alive:
    """No layer has anything against it."""


@dataclass(frozen=True, slots=True)
class MovesDue:
    """Alive, provided that moves are seen; these are on offer, in the order that chance drew."""

    moves: tuple[Move, ...]


Judgement = Alive | MovesDue | Denied


class LivenessRun:
    """Keeps probabilities, points and one direction of the visitor until `wipe()`; no picture."""

    def __init__(self, rules: LivenessRules, nets: Sequence[Model], *, key: bytes, draw: Callable[[int], int]) -> None:
        """`key`: random bytes for this attempt alone; `draw(n)`: a random whole number from 0 to n - 1."""
        if rules.bands is not None and not nets:
            raise ValueError("there are bands for networks, but no networks")
        self._rules = rules
        self._nets = nets if rules.bands is not None else ()
        self._draw = draw
        self._watch = FrameWatch(key, rules.timing)
        self._same = SamePerson(rules.same)
        self._faces: list[Face] = []
        self._probabilities: list[float] = []
        self._move: MoveWatch | None = None

    # --- while the face is compared with the portrait ----------------------------------------------------------------

    def check_source(self, frame: Frame, *, asked_s: float, now_s: float) -> Oddity | None:
        """Return what is odd about where this frame comes from; to be asked of every frame, before anything else."""
        return self._watch.check(frame, asked_s=asked_s, now_s=now_s)

    def take(self, picture: Picture, face: Face, direction: Direction, portrait_score: float) -> None:
        """Take a frame that was good enough to be compared. Raise Fault(INTERNAL_FAULT) when a network fails.

        Only frames of the person who is to be matched count: nobody lends a live face to somebody else's picture.
        """
        if not self._same.is_same(direction, portrait_score):
            return
        self._faces.append(face)
        if self._nets:
            self._probabilities.append(probability(self._nets, picture, face))

    @property
    def has_enough(self) -> bool:
        """Whether `judgement()` may be asked for."""
        return self._same.is_someone_else or len(self._faces) >= (self._rules.frames if self._nets else 1)

    def judgement(self) -> Judgement:
        """Return what the layers say of a visitor whose face has matched."""
        if self._same.is_someone_else:
            return Denied(Layer.SAME)
        bands = self._rules.bands
        opinion = Opinion.UNSURE if bands is None else judge(self._probabilities, bands)
        if opinion is Opinion.NOT_ALIVE:
            return Denied(Layer.PASSIVE)
        if opinion is Opinion.ALIVE and self._rules.challenge is not Challenge.ALWAYS:
            return Alive()
        # A picture can come closer, too: that move shows something only beside networks that believe the surface.
        moves = [move for move in self._rules.moves if move.is_turn or opinion is Opinion.ALIVE]
        if self._rules.challenge is Challenge.NEVER or not moves:
            return Denied(Layer.PASSIVE)
        return MovesDue(tuple(moves.pop(self._draw(len(moves))) for _ in range(len(moves))))

    # --- while the visitor moves -------------------------------------------------------------------------------------

    def expect(self, move: Move) -> None:
        """Watch for this move from now on. Raise ValueError when no face was taken before."""
        rest = Rest.of(self._faces)
        if rest is None:
            raise ValueError("nobody was seen looking straight on")
        # Before a second move the head may still be turned: only the first one begins where the match ended.
        straight = self._faces[-1] if self._move is None else None
        self._move = MoveWatch(move, rest, self._rules.move, straight=straight)

    def see_nobody(self) -> None:
        """Take a frame without a usable face."""
        if self._move is not None:
            self._move.feed(None)

    @property
    def is_mistaken(self) -> bool:
        """Whether another move was made than the one that is expected."""
        return self._move is not None and self._move.mistaken

    def see(self, face: Face, direction: Direction, portrait_score: float) -> bool | Denied:
        """Take a frame of the move; return whether that completes it. Raise ValueError before `expect`."""
        if self._move is None:
            raise ValueError("no move is expected")
        if self._same.is_same(direction, portrait_score):
            return self._move.feed(face)
        if self._same.is_someone_else:
            return Denied(Layer.SAME)
        self._move.begin_anew()
        return False

    def wipe(self) -> None:
        """Overwrite and let go; harmless when repeated."""
        self._same.wipe()
        for face in self._faces:
            face.points.fill(0)
        self._faces.clear()
        self._probabilities.clear()
        self._move = None
