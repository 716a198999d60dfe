"""Words of updates that unit, fleet and publisher share."""

from __future__ import annotations

from enum import StrEnum


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
