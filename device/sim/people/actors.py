"""Who stands before the simulated camera: people who do as they hear, people who cannot, and those who bring a picture.

They hear what the unit's voice says or see what its lamps show, and nothing else. What they show is drawn by `relief`
and `flat`, which know nothing of how liveness is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, partial

import numpy as np

from device.domain.prompts import Cue, Phrase
from device.domain.values import Move
from device.panel.patterns import TICK_S
from device.ports.camera import Picture
from device.ports.clock import Clock
from device.sim.camera import FACE_SHARE, SCENE_PX, Actor
from device.sim.panel import RecordingIndicators, RecordingVoice
from device.sim.patient import WATCHED_TICKS, recognised
from device.sim.people.flat import MARGIN_SHARE, PAPER_SHARE, bent, held_up, on_paper, on_screen
from device.sim.people.relief import Relief
from device.sim.portrait import Photo
from device.wire import phrases
from device.wire.texts import LANGUAGES

REACTS_S = 0.7
"""People begin before the sentence is over."""
TAKES_S = 1.5
TURN_DEG = 25.0
NEARER = 1.5
TILT_DEG = 45.0
"""How far a print is tilted by a hand that tries to pass for a head."""
BENT_MM = 80.0
PRINT_PX = (380, 520)
PRINT_FACE_SHARE = 0.5

_PHRASES = {Move.TURN_LEFT: Phrase.TURN_LEFT, Move.TURN_RIGHT: Phrase.TURN_RIGHT, Move.COME_CLOSER: Phrase.COME_CLOSER}
_CUES = {Cue.TURN_LEFT: Move.TURN_LEFT, Cue.TURN_RIGHT: Move.TURN_RIGHT, Cue.COME_CLOSER: Move.COME_CLOSER}
_SIDE = {Move.TURN_LEFT: 1.0, Move.TURN_RIGHT: -1.0}
"""The visitor's left is the picture's right."""

Heard = tuple[Move, float]
"""What was asked for last, and when."""


def hears(voice: RecordingVoice) -> Callable[[], Heard | None]:
    """Return ears: what the voice asked for last, since somebody came and began to listen."""
    before = len(voice.said)

    def listen() -> Heard | None:
        for said in reversed(voice.said[before:]):
            for move, sentence in _sentences():
                if sentence in said.text:
                    return move, said.at_s
        return None

    return listen


def sees(indicators: RecordingIndicators, clock: Clock) -> Callable[[], Heard | None]:
    """Return eyes on the lamps alone: which move they asked for last, and when that was clear."""
    seen: list[Heard] = []

    def watch() -> Heard | None:
        now_s = clock.monotonic_s()
        cue = recognised([indicators.levels_at(now_s - tick * TICK_S) for tick in range(WATCHED_TICKS, 0, -1)])
        move = _CUES.get(cue) if cue else None
        if move is not None and (not seen or seen[-1][0] is not move):
            seen.append((move, now_s))
        return seen[-1] if seen else None

    return watch


def told(move: Move | None, at_s: float = 0.0) -> Callable[[], Heard | None]:
    """Return ears that were told once, or never."""
    return lambda: None if move is None else (move, at_s)


class Visitor:
    """Somebody who is really there. `can`: the moves this person is able to make."""

    def __init__(
        self,
        photo: Photo,
        listen: Callable[[], Heard | None],
        *,
        can: Collection[Move] = frozenset(Move),
        takes_s: float = TAKES_S,
    ) -> None:
        self._listen = listen
        self._can = can
        self._takes_s = takes_s
        self._relief = self._body(photo)

    def film(self, at_s: float) -> Picture:
        """Return the scene."""
        heard = self._listen()
        if heard is None or heard[0] not in self._can:
            return self._relief.turned()
        move, done = heard[0], _done(at_s - heard[1], self._takes_s)
        if move is Move.COME_CLOSER:
            return self._relief.turned(nearer=1.0 + (NEARER - 1.0) * done)
        return self._relief.turned(yaw_deg=_SIDE[move] * TURN_DEG * done)

    def _body(self, photo: Photo) -> Relief:
        picture = photo.cut(*SCENE_PX, face_share=FACE_SHARE)
        return Relief(picture, _in_the_middle(FACE_SHARE * SCENE_PX[1], photo))


class Print:
    """A flat print in a hand that tilts it, or brings it closer, as it hears."""

    def __init__(self, photo: Photo, listen: Callable[[], Heard | None]) -> None:
        self._listen = listen
        self._sheet = _printed(photo)

    def film(self, at_s: float) -> Picture:
        """Return the scene."""
        heard = self._listen()
        sway = 3.0 * np.sin(at_s * 1.7)
        if heard is None:
            return held_up(self._sheet, yaw_deg=sway, pitch_deg=sway / 2)
        move, done = heard[0], _done(at_s - heard[1], TAKES_S)
        if move is Move.COME_CLOSER:
            return held_up(self._sheet, yaw_deg=sway, nearer=1.0 + (NEARER - 1.0) * done)
        return held_up(self._sheet, yaw_deg=sway - _SIDE[move] * TILT_DEG * done, pitch_deg=sway / 2)


class BentPrint(Visitor):
    """A print bent towards the camera and turned like a head: the cheapest thing that has depth."""

    def _body(self, photo: Photo) -> Relief:
        straight = held_up(_printed(photo))
        high = PAPER_SHARE * SCENE_PX[1] * PRINT_FACE_SHARE / (1 + 2 * MARGIN_SHARE)
        return Relief(straight, _in_the_middle(high, photo), partial(bent, radius_mm=BENT_MM))


class Replay:
    """A screen that shows a film of somebody who does what was asked on another day, over and over."""

    def __init__(self, photo: Photo, shows: Move | None, *, every_s: float = 4.0) -> None:
        self._every_s = every_s
        self._filmed_s = 0.0
        self._person = Visitor(photo, lambda: None if shows is None else (shows, self._filmed_s))

    def film(self, at_s: float) -> Picture:
        """Return the scene."""
        since_s = at_s % self._every_s
        self._filmed_s = at_s - since_s
        sway = 2.0 * np.sin(at_s * 1.3)
        return held_up(on_screen(self._person.film(at_s)[:, 130:-130]), yaw_deg=sway)


class Swap:
    """One until a move is asked for, another from then on."""

    def __init__(self, before: Actor, after: Actor, listen: Callable[[], Heard | None]) -> None:
        self._before = before
        self._after = after
        self._listen = listen

    def film(self, at_s: float) -> Picture:
        """Return the scene."""
        return (self._before if self._listen() is None else self._after).film(at_s)


def _printed(photo: Photo) -> Picture:
    return on_paper(photo.cut(*PRINT_PX, face_share=PRINT_FACE_SHARE))


def _in_the_middle(high_px: float, photo: Photo) -> tuple[float, float, float, float]:
    """Return left, top, width, height of a face of this height in the middle of the scene."""
    width, height = SCENE_PX
    wide_px = high_px * photo.face[2] / photo.face[3]
    return width / 2 - wide_px / 2, height / 2 - high_px / 2, wide_px, high_px


def _done(since_s: float, takes_s: float) -> float:
    """Return how much of a movement is done, 0..1, gentle at both ends."""
    part = min(max((since_s - REACTS_S) / takes_s, 0.0), 1.0)
    return part * part * (3 - 2 * part)


@cache
def _sentences() -> tuple[tuple[Move, str], ...]:
    return tuple((move, phrases.say(phrase, language)) for move, phrase in _PHRASES.items() for language in LANGUAGES)
