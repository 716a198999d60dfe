"""When readings may be believed: two different pictures said the same, and none since has said otherwise often enough.

A wrong number costs one of the card's ten tries, and there is no check digit. So one reading is never enough, the same
picture twice is one reading, and what the card refused is not offered again.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np

from device.card.front.reader import Doubtful, FrontRead, Unread
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Frame

LEAD: Final = 2
"""How many more pictures must say one number than say any other…"""
LEAD_IN_DOUBT: Final = 3
"""…and how many when none of them is certain, or once two looks at one picture differed: what can be read in two ways
is easily misread twice."""
MOST_NUMBERS: Final = 16
"""Different numbers remembered: a card front that reads differently each time is not to be believed."""


@dataclass(frozen=True, slots=True, eq=False)
class FrontReading:
    """What one frame said."""

    frame: int
    """The frame's number."""
    fingerprint: bytes = field(repr=False)
    """Of its pixels, so that a camera that repeats itself under new numbers is noticed."""
    number: ReferenceNumberB | None = field(repr=False)
    certain: bool = True
    """Whether every look at the code was. One in doubt bears a certain one out, and alone needs others like it."""
    contradicted: bool = False
    """Whether the same print was seen in two ways."""

    @classmethod
    def of(cls, frame: Frame, read: FrontRead) -> FrontReading:
        """Return the reading of a frame."""
        fingerprint = blake2b(np.ascontiguousarray(frame.pixels).data, digest_size=16).digest()
        if isinstance(read, Unread):
            return cls(frame.number, fingerprint, None, contradicted=read is Unread.CODE_CONTRADICTED)
        if isinstance(read, Doubtful):
            return cls(frame.number, fingerprint, read.number, certain=False)
        return cls(frame.number, fingerprint, read)


@dataclass(frozen=True, slots=True)
class Undecided:
    """Another picture is needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreed:
    """Believed. The number is the receiver's to wipe."""

    number: ReferenceNumberB = field(repr=False)


@dataclass(slots=True, eq=False)
class _Seen:
    """One number, and in how many pictures it was seen."""

    number: ReferenceNumberB = field(repr=False)
    certain: bool
    """Whether one of the pictures was certain."""
    times: int = 1


class AgreeingReader:
    """Collects the readings of one card that lies still."""

    def __init__(self, refused: Callable[[ReferenceNumberB], bool]) -> None:
        """`refused` tells whether the card at hand refused a number before: such a number is nothing that was read."""
        self._refused = refused
        self._frames: set[int] = set()
        self._fingerprints: set[bytes] = set()
        self._seen: list[_Seen] = []
        self._contradicted = False

    def feed(self, reading: FrontReading) -> Undecided | Agreed:
        """Take over a reading, its number included, and say whether a number may be believed now."""
        self._contradicted |= reading.contradicted
        number = reading.number
        if number is None:
            return Undecided()
        known = reading.frame in self._frames or reading.fingerprint in self._fingerprints
        if known or self._refused(number):
            number.wipe()
            return Undecided()
        self._frames.add(reading.frame)
        self._fingerprints.add(reading.fingerprint)
        seen = self._count(number, certain=reading.certain)
        others = max((other.times for other in self._seen if other is not seen), default=0)
        if seen is not None and seen.times - others >= self._lead(seen):
            return Agreed(number)
        number.wipe()
        return Undecided()

    def forget(self) -> None:
        """Overwrite the readings."""
        for seen in self._seen:
            seen.number.wipe()
        self._seen.clear()
        self._contradicted = False
        self._frames.clear()
        self._fingerprints.clear()

    def _lead(self, seen: _Seen) -> float:
        if not seen.certain and self._contradicted:
            return math.inf
        return LEAD if seen.certain and not self._contradicted else LEAD_IN_DOUBT

    def _count(self, number: ReferenceNumberB, *, certain: bool) -> _Seen | None:
        for seen in self._seen:
            if _same(seen.number, number):
                seen.times += 1
                seen.certain |= certain
                return seen
        if len(self._seen) == MOST_NUMBERS:
            return None
        self._seen.append(_Seen(_copy(number), certain))
        return self._seen[-1]


def _same(one: ReferenceNumberB, other: ReferenceNumberB) -> bool:
    return hmac.compare_digest(one.reveal(), other.reveal())


def _copy(number: ReferenceNumberB) -> ReferenceNumberB:
    return ReferenceNumberB(number.reveal())
