"""Faces without photos and networks: a stage on which anything can happen before the camera, ten thousand times a day.

The camera writes what it sees into the first bytes of a small picture, and the engine reads them there, so that what
was overwritten is gone, as with pixels. Points of faces are those of a head in space, or of a picture of one, so that
everything behind the engine (scores over frames, hints, moves, whether frames can be believed) is the real thing.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from device.domain.errors import FaceError, Fault
from device.domain.prompts import STEERING, Phrase
from device.domain.reasons import FACE_HINTS, Reason
from device.face.detect import Face, Points
from device.face.embed import DIRECTION_LENGTH, Direction, Template
from device.face.engine import Seen
from device.face.quality import FRAME_GATES, Gates
from device.ports.camera import Frame, Picture
from device.ports.clock import Clock

SIDE_PX = 16
"""Of a staged picture."""
_JP2_BEGINS = bytes.fromhex("0000000c6a5020200d0a870a")
"""A card's record is looked at before it is decoded."""

_OPTICS = frozenset({Reason.FACE_TOO_FAR, Reason.FACE_TOO_NEAR, Reason.FACE_TURNED, Reason.FACE_COVERED})
"""What a camera forgives that watches a move."""
_TROUBLES: tuple[Reason | Phrase | None, ...] = (None, Reason.FACE_NOT_FOUND, *sorted(FACE_HINTS), *sorted(STEERING))
_MIDDLE = 128
_NEAREST = 100.0
"""Steps of nearness in one: a byte holds 0 to 2.55."""

_HEAD = np.array([(-32, -32, 0), (32, -32, 0), (0, 2, 26), (-25, 38, 0), (25, 38, 0)], np.float64)
"""Eyes, nose and corners of the mouth, in pixels: x to the picture's right, y down, z towards the camera."""
_WIDTH_PX = 140.0


class Person(IntEnum):
    """Whose face it is."""

    HOLDER = 0
    STRANGER = 1
    LOOKALIKE = 2
    """Too like the holder for a no, too unlike for a yes."""


_LIKENESS = {Person.HOLDER: 1.0, Person.STRANGER: 0.05, Person.LOOKALIKE: 0.36}
"""Cosine with the holder."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is before the camera at one moment."""

    person: Person = Person.HOLDER
    trouble: Reason | Phrase | None = None
    """What a camera would complain of: FACE_NOT_FOUND for an empty room, one of `FACE_HINTS` or of `STEERING`."""
    yaw_deg: float = 0.0
    """Head turned to the visitor's left, -90 to 90."""
    nearer: float = 1.0
    """Times larger than at arm's length."""
    flat: bool = False
    """A picture of a face: what it turns has no depth."""


EMPTY = Scene(trouble=Reason.FACE_NOT_FOUND)

Act = Callable[[float], Scene]
"""What is to be seen at this moment, in monotonic seconds."""


class StagedCamera:
    """Frames of whatever is on the stage."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._act: Act = lambda _: EMPTY
        self._number = 0
        self._working_frames: float = math.inf
        self._repeats = False
        self._given: list[weakref.ref[Picture]] = []

    def stage(self, act: Act | Scene) -> None:
        """Play this from the next frame on."""
        self._act = act if not isinstance(act, Scene) else lambda _: act

    def die(self, after_frames: int = 0) -> None:
        """Give so many more frames, then none."""
        self._working_frames = after_frames

    def repeat(self) -> None:
        """Give the next frame again and again: somebody feeds it in."""
        self._repeats = True

    def recover(self) -> None:
        """End whatever trouble there is."""
        self._working_frames, self._repeats = math.inf, False

    def next_frame(self, timeout_s: float) -> Frame:
        """Return the next frame at once. Raise Fault(CAMERA_FAULT) while dead."""
        if self._working_frames <= 0:
            raise Fault(f"no frame within {timeout_s:g} s", part="camera", reason=Reason.CAMERA_FAULT)
        self._working_frames -= 1
        self._number += 1
        now_s = self._clock.monotonic_s()
        pixels = _painted(self._act(now_s), 0 if self._repeats else self._number)
        self._given = [array for array in self._given if array() is not None] + [weakref.ref(pixels)]
        return Frame(pixels=pixels, taken_s=now_s, number=self._number)

    @property
    def any_picture_left(self) -> bool:
        """Somebody still holds a frame with something on it."""
        return any(pixels.any() for given in self._given if (pixels := given()) is not None)

    def hold_light(self, *, hold: bool) -> None:
        """Nothing: there is no light here."""

    def forget(self) -> None:
        """Overwrite every frame that somebody still has."""
        for given in self._given:
            if (pixels := given()) is not None:
                pixels.fill(0)
        self._given.clear()


class StagedDecoder:
    """Opens staged portraits, and nothing else."""

    def decode(self, jp2: bytes | bytearray) -> Picture:
        """Return a staged picture. Raise FaceError(PORTRAIT_UNREADABLE)."""
        if bytes(jp2) != staged_portrait():
            raise FaceError("no staged portrait", reason=Reason.PORTRAIT_UNREADABLE)
        return _painted(Scene(), 0)

    def check(self) -> None:
        """Find nothing: the stage's own decoder always works."""


class StagedEngine:
    """Reads the stage off the picture, where the real engine asks networks."""

    def template(self, portrait: Picture) -> Template:
        """Return the holder's."""
        return Template(_direction(_read(portrait).person))

    def see(self, frame: Picture, gates: Gates = FRAME_GATES, *, small: Picture | None = None) -> Seen:  # noqa: ARG002  the stage is read off the frame
        """Return the face on the stage. Raise FaceError with what the camera would complain of."""
        scene = _read(frame)
        if scene.trouble is not None and (gates is FRAME_GATES or scene.trouble not in _OPTICS):
            steer = scene.trouble if isinstance(scene.trouble, Phrase) else None
            reason = scene.trouble if isinstance(scene.trouble, Reason) else Reason.FACE_NOT_FOUND
            raise FaceError("staged", reason=reason, steer=steer)
        wide = _WIDTH_PX * scene.nearer
        face = Face(left=320 - wide / 2, top=240 - wide / 2, width=wide, height=wide, score=0.95, points=_points(scene))
        return Seen(face, _direction(scene.person))


def staged_portrait() -> bytes:
    """Return what the holder's card carries in place of a picture."""
    return _JP2_BEGINS + b"a staged portrait of the holder"


def _points(scene: Scene) -> Points:
    """Return the five points as a camera straight before the head sees them."""
    head = _HEAD * (1.0, 1.0, 0.0 if scene.flat else 1.0)
    yaw = math.radians(scene.yaw_deg)
    across = head[:, 0] * math.cos(yaw) + head[:, 2] * math.sin(yaw)
    return (np.column_stack([across, head[:, 1]]) * scene.nearer + (320, 240)).astype(np.float32)


def _direction(person: Person) -> Direction:
    likeness = _LIKENESS[person]
    direction = np.zeros(DIRECTION_LENGTH, np.float32)
    direction[0], direction[int(person) + 1] = likeness, math.sqrt(1 - likeness**2)
    return direction


def _painted(scene: Scene, number: int) -> Picture:
    picture = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    told = (
        1,
        int(scene.person),
        _TROUBLES.index(scene.trouble),
        round(scene.yaw_deg) + _MIDDLE,
        round(scene.nearer * _NEAREST),
        int(scene.flat),
    )
    picture.reshape(-1)[: len(told)] = told
    picture[-1, :2] = np.frombuffer(number.to_bytes(6, "big"), np.uint8).reshape(2, 3)
    return picture


def _read(picture: Picture) -> Scene:
    there, person, trouble, yaw, nearer, flat = (int(value) for value in picture.reshape(-1)[:6])
    if not there:  # overwritten
        return EMPTY
    return Scene(Person(person), _TROUBLES[trouble], float(yaw - _MIDDLE), nearer / _NEAREST, bool(flat))
