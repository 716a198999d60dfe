"""Is somebody there, or a picture of somebody? Layers that can only deny; docs/liveness.md tells what each is worth."""

from device.face.liveness.moves import MoveLimits, MoveWatch, Rest
from device.face.liveness.parallax import parallax, turn_shown, view
from device.face.liveness.passive import Bands, Opinion, judge, probability
from device.face.liveness.provenance import FrameWatch, Oddity, Timing
from device.face.liveness.run import (
    Alive,
    Denied,
    Judgement,
    Layer,
    LivenessRules,
    LivenessRun,
    MovesDue,
)
from device.face.liveness.same_person import SameLimits, SamePerson

__all__ = [
    "Alive",
    "Bands",
    "Denied",
    "FrameWatch",
    "Judgement",
    "Layer",
    "LivenessRules",
    "LivenessRun",
    "MoveLimits",
    "MoveWatch",
    "MovesDue",
    "Oddity",
    "Opinion",
    "Rest",
    "SameLimits",
    "SamePerson",
    "Timing",
    "judge",
    "parallax",
    "probability",
    "turn_shown",
    "view",
]
