"""What networks think of the picture's surface: skin before a room, or paper and screens before one.

MiniFASNet looks at the face with some of its surroundings; how much differs from network to network and stands in the
manifest. Cropping follows its authors (minivision-ai, Silent-Face-Anti-Spoofing). The answer of one frame is the mean
over the networks, the answer of an attempt the median over its frames, which a few odd frames cannot move.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import cv2
import numpy as np

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.detect import Face
from device.face.engine import Model
from device.face.picture import planes
from device.ports.camera import Picture

LIVE_CLASS = 1
CLASSES = 3


@dataclass(frozen=True, slots=True)
class Bands:
    """From `accept` up: alive. Below `refuse`: not. Between them: ask for a move."""

    accept: float
    refuse: float

    def __post_init__(self) -> None:
        if not 0 <= self.refuse <= self.accept <= 1:
            raise ValueError("0 <= refuse <= accept <= 1 must hold")


class Opinion(Enum):
    """What the networks say of an attempt."""

    ALIVE = auto()
    UNSURE = auto()
    NOT_ALIVE = auto()


def probability(nets: Sequence[Model], picture: Picture, face: Face) -> float:
    """Return how sure the networks are, on average, that the face is alive, 0..1. Raise Fault(INTERNAL_FAULT)."""
    return statistics.fmean(_one(net, picture, face) for net in nets)


def judge(probabilities: Sequence[float], bands: Bands) -> Opinion:
    """Return the opinion on one attempt by the median of its frames."""
    middle = statistics.median(probabilities)
    if middle >= bands.accept:
        return Opinion.ALIVE
    return Opinion.NOT_ALIVE if middle < bands.refuse else Opinion.UNSURE


def surroundings(picture: Picture, face: Face, enlarge: float) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom (exclusive) of the box, enlarged about its centre as far as the picture allows.

    Where it would leave the picture it is shifted, not cut, so that the network always sees the scale it knows.
    """
    height, width = picture.shape[:2]
    enlarge = min(enlarge, (height - 1) / face.height, (width - 1) / face.width)
    wide, high = face.width * enlarge, face.height * enlarge
    left = min(max(face.left + face.width / 2 - wide / 2, 0.0), width - 1 - wide)
    top = min(max(face.top + face.height / 2 - high / 2, 0.0), height - 1 - high)
    left, top = max(left, 0.0), max(top, 0.0)
    return int(left), int(top), int(left + wide) + 1, int(top + high) + 1


def _one(net: Model, picture: Picture, face: Face) -> float:
    spec = net.spec.input
    left, top, right, bottom = surroundings(picture, face, spec.enlarge)
    small = cv2.resize(picture[top:bottom, left:right], (spec.width, spec.height))
    outputs = list(net.network.run(planes(np.asarray(small, np.uint8))).values())
    logits = outputs[0].reshape(-1).astype(np.float64) if len(outputs) == 1 else np.empty(0)
    if logits.size != CLASSES or not np.isfinite(logits).all():
        raise Fault(f"{net.spec.name} gave no opinion on a face", part="models", reason=Reason.INTERNAL_FAULT)
    weights = np.exp(logits - logits.max())
    return float(weights[LIVE_CLASS] / weights.sum())
