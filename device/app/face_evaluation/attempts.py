"""The decision rule on real scores: attempts whose frames are alike, and attempts whose frames are not.

A folder of photos has no film. But it has people with several photos, taken on different days: used as the frames of
one attempt they are far less alike than frames of a film can be. One photo used for every frame is as alike as it gets.
Between the two lies any camera; the worst in between is what `device.face.match.WORST_INFLATION` allows for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device.app.face_evaluation.counts import Share, share
from device.app.face_evaluation.figures import People
from device.app.face_evaluation.vectors import Directions
from device.face.manifest import Threshold
from device.face.match import FRAMES_SCORED_AT_MOST, decide

PHOTOS_FOR_A_FILM = 3
"""People with fewer photos cannot stand in for frames that differ."""
FILMS_OF_EACH = 4
MOST_CARDS_OF_ONE = 20


@dataclass(frozen=True, slots=True)
class Attempts:
    """What became of attempts of one kind."""

    kind: str
    passed: Share
    mean_frames: float
    after_one_frame: float
    """Share that ended with the first frame."""


def try_attempts(live: Directions, cards: Directions, people: People, threshold: Threshold) -> list[Attempts]:
    """Return the outcome for strangers and holders, each with frames that differ and with one frame for all.

    Every person with photos enough stands before every other person's card, `FILMS_OF_EACH` times.
    """
    chance = np.random.default_rng(1)
    usable = np.flatnonzero(~np.isnan(live[:, 0]) & ~np.isnan(cards[:, 0]))
    films: dict[str, list[npt.NDArray[np.float32]]] = {}
    for person in np.unique(people[usable]):
        own = usable[people[usable] == person]
        if len(own) < PHOTOS_FOR_A_FILM:
            continue
        others = cards[usable[people[usable] != person]]
        for _ in range(FILMS_OF_EACH):
            order = chance.permutation(own)
            _film(films, "stranger", live[order], others)
        for card in own[:MOST_CARDS_OF_ONE]:
            # The card's own photo is no photo of another day.
            _film(films, "holder", live[chance.permutation(own[own != card])], cards[card : card + 1])
    return [_told(kind, np.concatenate(parts), threshold) for kind, parts in films.items()]


def _film(films: dict[str, list[npt.NDArray[np.float32]]], who: str, photos: Directions, cards: Directions) -> None:
    scores = np.tile(photos, (FRAMES_SCORED_AT_MOST, 1))[:FRAMES_SCORED_AT_MOST] @ cards.T
    films.setdefault(f"{who}, photos of several days", []).append(scores.T)
    films.setdefault(f"{who}, one photo for all frames", []).append(np.repeat(scores[:1], FRAMES_SCORED_AT_MOST, 0).T)


def _told(kind: str, films: npt.NDArray[np.float32], threshold: Threshold) -> Attempts:
    outcomes = decide(films, threshold)
    return Attempts(
        kind,
        share(int(outcomes.matched.sum()), len(films)),
        float(outcomes.frames.mean()),
        float((outcomes.frames == 1).mean()),
    )
