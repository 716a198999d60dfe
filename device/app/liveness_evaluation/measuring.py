"""What every layer says of one presentation, alone, and what the unit would say: by the unit's own code."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from device.app.liveness_evaluation.presentations import Presentation, read_picture
from device.domain.errors import FaceError
from device.domain.values import Challenge, Move
from device.face.embed import Template
from device.face.engine import FaceEngine, Model, Seen
from device.face.liveness import (
    Alive,
    Denied,
    FrameWatch,
    LivenessRules,
    LivenessRun,
    MovesDue,
    MoveWatch,
    Opinion,
    Rest,
    SamePerson,
    judge,
    probability,
)
from device.face.quality import FRAME_GATES, MOVE_GATES, Gates
from device.ports.camera import Frame, Picture

KEY = bytes(32)
"""Repeats are looked for within one presentation, so one key does for all."""
FRAMES_PER_SECOND = 10.0


class Judge(StrEnum):
    """Who is asked."""

    NETS_ACCEPT = "nets accept"
    """The networks' opinion alone: sure that it is alive."""
    NETS_DO_NOT_REFUSE = "nets do not refuse"
    """The networks' opinion alone: a move would be asked for at least."""
    MOVE = "move seen"
    SAME = "same person"
    PROVENANCE = "believable frames"
    UNIT = "unit, move when unsure"
    UNIT_ALWAYS = "unit, always a move"
    UNIT_WITHOUT_NETS = "unit without nets"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one presentation."""

    species: str
    name: str
    face: bool
    """False: no frame had a face that could be judged; then nobody passes."""
    live: float | None
    """Median of the networks, 0..1."""
    passes: dict[Judge, bool | None]
    """None where the judge has nothing to go by: no networks, or no move in the frames."""


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """One presentation, looked at."""

    presentation: Presentation
    pictures: list[Picture]
    before: list[tuple[Picture, Seen]]
    """Frames with a face that is good enough to be compared, before anything was asked for."""
    during: list[Seen | None]
    """Every frame from then on."""


class Measurer:
    """The unit's own parts. `rules` have bands exactly where there are networks."""

    def __init__(self, engine: FaceEngine, nets: Sequence[Model], rules: LivenessRules) -> None:
        self._engine = engine
        self._nets = nets
        self._rules = rules

    def measure(self, presentation: Presentation) -> Told:
        """Look at every frame once. Raise BadConfig for a file that is no picture."""
        frames = self._looked_at(presentation)
        live, opinion = self._opinion(frames)
        passes: dict[Judge, bool | None] = {
            Judge.NETS_ACCEPT: None if opinion is None else opinion is Opinion.ALIVE,
            Judge.NETS_DO_NOT_REFUSE: None if opinion is None else opinion is not Opinion.NOT_ALIVE,
            Judge.MOVE: self._moved(frames),
            Judge.SAME: self._same(frames),
            Judge.PROVENANCE: self._believable(frames),
            Judge.UNIT: self._unit(frames, Challenge.WHEN_UNSURE, self._nets) if self._nets else None,
            Judge.UNIT_ALWAYS: self._unit(frames, Challenge.ALWAYS, self._nets) if self._nets else None,
            Judge.UNIT_WITHOUT_NETS: self._unit(frames, Challenge.ALWAYS, ()),
        }
        return Told(presentation.species, presentation.name, face=bool(frames.before), live=live, passes=passes)

    def _looked_at(self, presentation: Presentation) -> _Frames:
        pictures = [read_picture(path) for path in presentation.frames]
        split = len(pictures) if presentation.asked is None else presentation.asked.after
        before = [(picture, self._see(picture, FRAME_GATES)) for picture in pictures[:split]]
        return _Frames(
            presentation,
            pictures,
            [(picture, seen) for picture, seen in before if seen is not None],
            [self._see(picture, MOVE_GATES) for picture in pictures[split:]],
        )

    def _see(self, picture: Picture, gates: Gates) -> Seen | None:
        try:
            return self._engine.see(picture, gates)
        except FaceError:
            return None

    def _opinion(self, frames: _Frames) -> tuple[float | None, Opinion | None]:
        bands = self._rules.bands
        if bands is None:
            return None, None
        if not frames.before:
            return None, Opinion.NOT_ALIVE
        lives = [probability(self._nets, picture, seen.face) for picture, seen in frames.before]
        return statistics.median(lives), judge(lives, bands)

    def _moved(self, frames: _Frames) -> bool | None:
        asked = frames.presentation.asked
        if asked is None:
            return None
        rest = Rest.of([seen.face for _, seen in frames.before])
        if rest is None:
            return False
        watch = MoveWatch(asked.move, rest, self._rules.move)
        return any(watch.feed(None if seen is None else seen.face) for seen in frames.during)

    def _same(self, frames: _Frames) -> bool:
        if not frames.before:
            return False
        everyone = [seen for _, seen in frames.before] + [seen for seen in frames.during if seen is not None]
        first = Template(everyone[0].direction)
        same = SamePerson(self._rules.same)
        for seen in everyone:
            same.is_same(seen.direction, first.score(seen.direction))
            if same.is_someone_else:
                return False
        return True

    def _believable(self, frames: _Frames) -> bool:
        asked = frames.presentation.asked
        watch = FrameWatch(KEY, self._rules.timing)
        step_s = 1 / (asked.frames_per_second if asked else FRAMES_PER_SECOND)
        odd = [
            watch.check(Frame(picture, number * step_s, number), asked_s=number * step_s, now_s=number * step_s)
            for number, picture in enumerate(frames.pictures)
        ]
        return not any(odd)

    def _unit(self, frames: _Frames, challenge: Challenge, nets: Sequence[Model]) -> bool | None:
        """Return whether a unit would let it pass; None where it would ask for a move that nobody recorded."""
        if not frames.before or not self._believable(frames):
            return False
        asked = frames.presentation.asked
        rules = replace(
            self._rules,
            challenge=challenge,
            bands=self._rules.bands if nets else None,
            moves=(asked.move,) if asked else self._rules.moves,
        )
        run = LivenessRun(rules, nets, key=KEY, draw=lambda _: 0)
        portrait = Template(frames.before[0][1].direction)
        for picture, seen in frames.before:
            run.take(picture, seen.face, seen.direction, portrait.score(seen.direction))
        match run.judgement():
            case Denied():
                return False
            case Alive():
                return True
            case MovesDue():
                return self._made(run, asked.move, frames.during, portrait) if asked else None

    @staticmethod
    def _made(run: LivenessRun, move: Move, during: Sequence[Seen | None], portrait: Template) -> bool:
        run.expect(move)
        for seen in during:
            if seen is None:
                run.see_nobody()
                continue
            outcome = run.see(seen.face, seen.direction, portrait.score(seen.direction))
            if outcome:
                return not isinstance(outcome, Denied)
            if run.is_mistaken:
                return False
        return False
