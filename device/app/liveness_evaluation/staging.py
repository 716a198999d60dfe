"""Presentations by the simulated people and pictures of `device.sim.people`, filmed into a folder to be measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2

from device.app.liveness_evaluation.presentations import ASKED, LIVE
from device.domain.errors import BadConfig
from device.domain.values import Move
from device.sim.camera import Actor, RecordedCamera
from device.sim.clock import SimulatedClock
from device.sim.people.actors import BentPrint, Heard, Print, Replay, Swap, Visitor
from device.sim.portrait import Photo

FRAMES_PER_SECOND = 6.0
BEFORE, DURING = 6, 22
JPEG_QUALITY = 95


class Ears:
    """What an actor has heard: nothing, or one call."""

    def __init__(self) -> None:
        self.heard: Heard | None = None

    def __call__(self) -> Heard | None:
        """Listen."""
        return self.heard


def species(photo: Photo, other: Photo, ears: Ears, move: Move) -> dict[str, Actor]:
    """Return who comes: one person who is there, and what may come in their place."""
    wrong_way = Move.TURN_LEFT if move is Move.TURN_RIGHT else Move.TURN_RIGHT
    return {
        LIVE: Visitor(photo, ears),
        "print": Print(photo, ears),
        "bent_print": BentPrint(photo, ears),
        "replay_wrong": Replay(photo, wrong_way),
        "replay_right": Replay(photo, move),
        "swap": Swap(Print(photo, ears), Visitor(other, ears), ears),
    }


def stage(folder: Path, photos: dict[str, Photo], *, takes: int, say: Callable[[str], None]) -> dict[str, int]:
    """Film `takes` takes of every species, person and move; return how many of each species there are.

    Raise BadConfig when the folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadConfig("is not empty", where=str(folder))
    names = list(photos)
    filmed: Counter[str] = Counter()
    for name in names:
        other = photos[names[(names.index(name) + 1) % len(names)]]
        for move in Move:
            for take in range(takes):
                say(f"{name}, {move.value}, take {take + 1}")
                ears = Ears()
                for kind, actor in species(photos[name], other, ears, move).items():
                    film(folder / kind / f"{name}-{move.value}-{take + 1}", actor, move, ears, seed=take)
                    filmed[kind] += 1
    return filmed


def film(folder: Path, actor: Actor, move: Move, ears: Ears, *, seed: int) -> None:
    """Film one presentation; the call for the move comes after the first frames."""
    folder.mkdir(parents=True)
    ears.heard = None
    clock = SimulatedClock()
    camera = RecordedCamera(clock, seed=seed)
    camera.perform(actor)
    for number in range(BEFORE + DURING):
        if number == BEFORE:
            ears.heard = move, clock.monotonic_s()
        clock.advance(1 / FRAMES_PER_SECOND)
        frame = camera.next_frame(1.0)
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    asked = f'move = "{move.value}"\nfrom = {BEFORE}\nframes_per_second = {FRAMES_PER_SECOND}\n'
    (folder / ASKED).write_text(asked, encoding="utf-8")
