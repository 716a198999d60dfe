"""When readings may be believed: two different pictures said the same, and none since has said otherwise often enough.

A wrong number costs one of the card's ten tries, and there is no check digit. So one reading is never enough, the same
picture twice is one reading, and what the card refused is not offered again.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

import numpy as np

from device.card.front.reader import Unread
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Frame

LEAD: Final = 2
"""How many more pictures must say one number than say any other…"""
LEAD_IN_DOUBT: Final = 3
"""…and how many once two looks at one picture differed: what can be read in two ways is easily misread twice."""
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
    contradicted: bool = False
    """Whether the same print was seen in two ways."""

    @classmethod
    def of(cls, frame: Frame, read: ReferenceNumberB | Unread) -> FrontReading:
        """Return the reading of a frame."""
        fingerprint = blake2b(np.ascontiguousarray(frame.pixels).data, digest_size=16).digest()
        number = None if isinstance(read, Unread) else read
        return cls(frame.number, fingerprint, number, contradicted=read is Unread.CODE_CONTRADICTED)


@dataclass(frozen=True, slots=True)
class Undecided:
    """Another picture is needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreed:
    """Believed. The number is the receiver's to wipe."""

    number: ReferenceNumberB = field(repr=False)


class AgreeingReader:
    """Collects the readings of one card that lies still."""

    def __init__(self, refused: Callable[[ReferenceNumberB], bool]) -> None:
        """`refused` tells whether the card at hand refused a number before: such a number is nothing that was read."""
        self._refused = refused
        self._frames: set[int] = set()
        self._fingerprints: set[bytes] = set()
        self._seen: list[tuple[ReferenceNumberB, int]] = []
        self._lead = LEAD

    def feed(self, reading: FrontReading) -> Undecided | Agreed:
        """Take over a reading, its number included, and say whether a number may be believed now."""
        if reading.contradicted:
            self._lead = LEAD_IN_DOUBT
        number = reading.number
        if number is None:
            return Undecided()
        known = reading.frame in self._frames or reading.fingerprint in self._fingerprints
        if known or self._refused(number):
            number.wipe()
            return Undecided()
        self._frames.add(reading.frame)
        self._fingerprints.add(reading.fingerprint)
        times = self._count(number)
        others = max((count for other, count in self._seen if not _same(other, number)), default=0)
        if times - others >= self._lead:
            return Agreed(number)
        number.wipe()
        return Undecided()

    def forget(self) -> None:
        """Overwrite the readings."""
        for number, _ in self._seen:
            number.wipe()
        self._seen.clear()
        self._lead = LEAD
        self._frames.clear()
        self._fingerprints.clear()

    def _count(self, number: ReferenceNumberB) -> int:
        for place, (seen, times) in enumerate(self._seen):
            if _same(seen, number):
                self._seen[place] = (seen, times + 1)
                return times + 1
        if len(self._seen) < MOST_NUMBERS:
            self._seen.append((_copy(number), 1))
        return 1


def _same(one: ReferenceNumberB, other: ReferenceNumberB) -> bool:
    return hmac.compare_digest(one.reveal(), other.reveal())


def _copy(number: ReferenceNumberB) -> ReferenceNumberB:
    return ReferenceNumberB(number.reveal())
