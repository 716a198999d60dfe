"""Words of updates that unit, fleet and publisher share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

VERSION_PATTERN: Final = r"^[0-9]{1,6}(\.[0-9]{1,6}){1,3}$(?!\n)"
ANY_PLATFORM: Final = "any"
"""Of a bundle that holds no machine code."""


class Kind(StrEnum):
    """What can be updated by itself."""

    SOFTWARE = "software"
    MODELS = "models"
    VOICE = "voice"


class Refusal(StrEnum):
    """Why a unit does not take, or does not keep, an update. Codes are never reused."""

    NO_TRUST = "no_trust"
    NOT_SIGNED = "not_signed"
    ROLLED_BACK = "rolled_back"
    EXPIRED = "expired"
    MIXED = "mixed"
    TOO_LARGE = "too_large"
    ALTERED = "altered"
    BAD_TARGET = "bad_target"
    BAD_ARCHIVE = "bad_archive"
    UNREACHABLE = "unreachable"
    NOT_OFFERED = "not_offered"
    OLDER = "older"
    STEP_BETWEEN = "step_between"
    FAILED_BEFORE = "failed_before"
    NO_ROOM = "no_room"
    NOT_WELL = "not_well"
    INTERRUPTED = "interrupted"
    NOTHING_BEFORE = "nothing_before"
    DISK = "disk"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A version that a repository offers: all that is known of it before it is fetched, every field signed."""

    kind: Kind
    version: str
    platform: str
    minimum: str | None
    """The oldest version from which it can be taken; None: any."""
    size: int
    """Bytes of the archive."""
    unpacked: int
    """Bytes of all its files."""
    files: int
    reason_ja: str
    reason_en: str
    released_at: datetime

    @property
    def target(self) -> str:
        """Its name in the repository."""
        return target_name(self.kind, self.version, self.platform)

    def __str__(self) -> str:
        return f"{self.kind.value} {self.version}"


def target_name(kind: Kind, version: str, platform: str) -> str:
    """Return the only name that a target of this content may have."""
    return f"{kind.value}/{version}-{platform}.zip"


def order(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare; missing ones count as 0. Raise ValueError where it is none."""
    if not re.match(VERSION_PATTERN, version):
        raise ValueError(f"not a version: {version[:40]!r}")
    numbers = [int(number) for number in version.split(".")]
    return (*numbers, *[0] * (4 - len(numbers)))
