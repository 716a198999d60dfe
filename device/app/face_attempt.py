"""What one frame means: for a comparison with the portrait, and for a move that was asked for."""

from __future__ import annotations

import logging

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.domain.values import Move, ReceptionId
from device.face.embed import Template
from device.face.engine import FaceLook
from device.face.hints import Hint, HintFilter
from device.face.liveness import Alive, Denied, LivenessRun, MovesDue
from device.face.manifest import Threshold
from device.face.match import Matched, MatchRun, NotMatched, Undecided
from device.face.quality import COVERED_GATES, FRAME_GATES, MOVE_GATES
from device.ports.camera import Frame
from device.reception import events as on
from device.reception.events import Event

log = logging.getLogger(__name__)

COVERED_FRAMES = 40
"""So long a covered face is waited for to be uncovered, about 4 s on a Pi: as long as the hint is spoken, and a hand
takes. Then it is compared as it is: some keep their mask on, and some faces only seem to be covered."""


class MatchAttempt:
    """Frames are scored until the match is decided; if it is one, they are looked at until liveness is decided, too."""

    def __init__(
        self,
        reception: ReceptionId,
        engine: FaceLook,
        threshold: Threshold,
        template: Template,
        liveness: LivenessRun | None,
    ) -> None:
        self._reception = reception
        self._engine = engine
        self._template = template
        self._liveness = liveness
        self._run = MatchRun(threshold)
        self._hints = HintFilter()
        self._matched = False
        self._covered = 0

    def look(self, frame: Frame) -> Event | None:
        """Return what the visit shall know: a hint, after which frames still go on, or how the attempt ended."""
        hint: Hint | None = None
        try:
            gates = FRAME_GATES if self._covered < COVERED_FRAMES else COVERED_GATES
            seen = self._engine.see(frame.pixels, gates, small=frame.small)
        except FaceError as error:
            hint = error.steer or error.reason
            result: float | Reason = error.reason
            self._covered += error.reason is Reason.FACE_COVERED
        else:
            result = self._template.score(seen.direction)
            if self._liveness is not None:
                self._liveness.take(frame.pixels, seen.face, seen.direction, result)
        if not self._matched:
            match self._run.feed(result):
                case NotMatched(reason=Reason.FACE_MISMATCH) if self._covered >= COVERED_FRAMES:
                    return on.FaceFailed(self._reception, Reason.FACE_COVERED)
                case NotMatched(reason=reason):
                    return on.FaceFailed(self._reception, reason)
                case Matched():
                    self._matched = True
                case Undecided():
                    pass
        if self._matched and (self._liveness is None or self._liveness.has_enough):
            return _judged(self._reception, self._liveness)
        wanted = self._hints.feed(hint)
        return on.FaceHint(self._reception, wanted) if wanted else None


class MoveAttempt:
    """Frames are watched until the move is seen, or somebody else is."""

    def __init__(
        self, reception: ReceptionId, engine: FaceLook, template: Template, liveness: LivenessRun, move: Move
    ) -> None:
        self._reception = reception
        self._engine = engine
        self._template = template
        self._liveness = liveness
        self._move = move

    def look(self, frame: Frame) -> Event | None:
        """Return what the visit shall know, if anything. How long to go on is for the visit to say."""
        try:
            seen = self._engine.see(frame.pixels, MOVE_GATES, small=frame.small)
        except FaceError:
            self._liveness.see_nobody()
            return None
        outcome = self._liveness.see(seen.face, seen.direction, self._template.score(seen.direction))
        if isinstance(outcome, Denied):
            return _doubted(self._reception, outcome)
        if outcome:
            return on.MoveSeen(self._reception, self._move)
        return on.MoveMistaken(self._reception, self._move) if self._liveness.is_mistaken else None


def _judged(reception: ReceptionId, liveness: LivenessRun | None) -> Event:
    match Alive() if liveness is None else liveness.judgement():
        case Alive():
            return on.FaceMatched(reception)
        case MovesDue(moves=moves):
            return on.MovesWanted(reception, moves)
        case Denied() as denied:
            return _doubted(reception, denied)


def _doubted(reception: ReceptionId, denied: Denied) -> Event:
    # The log may say which layer it was; the visitor hears the same of every layer, and no suspicion.
    log.warning("liveness: denied by the layer %r", denied.layer.value)
    return on.FaceFailed(reception, Reason.LIVENESS_UNSURE)
