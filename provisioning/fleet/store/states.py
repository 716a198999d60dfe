"""What a unit, a claim, a certificate or a job can be, and what may follow what."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class UnitState(StrEnum):
    """Where a unit is in its life."""

    IMPORTED = "imported"
    """Known by its serial number; nobody has claimed it yet."""
    PENDING = "pending"
    """It got its certificate and has not been heard with it."""
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    """It tells how it is and takes settings, and serves no visitor."""
    REVOKED = "revoked"
    """No broker lets it in."""
    DECOMMISSIONED = "decommissioned"
    """It wiped itself, or was written off."""


class ClaimState(StrEnum):
    """What a claim is good for."""

    OPEN = "open"
    GRANTED = "granted"
    """Used by one key; the same key may ask again until the unit is active."""
    BURNED = "burned"
    """The unit is active: nobody may use it any more."""
    WITHDRAWN = "withdrawn"
    RESCUE = "rescue"
    """For a unit whose certificate ran out: bound to its key, good until some time after that."""


class CertificateState(StrEnum):
    """What a certificate is good for."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    """A newer one was used since; it was withdrawn then."""
    WITHDRAWN = "withdrawn"


class StationState(StrEnum):
    """What a key of a bench's station is good for."""

    TRUSTED = "trusted"
    SUPERSEDED = "superseded"
    """The station signs with a newer one; what was imported before counts on."""
    WITHDRAWN = "withdrawn"
    """Nothing that was signed with it counts any more."""


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    RUNNING = "running"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"

    @property
    def is_over(self) -> bool:
        """Nothing will change any more."""
        return self in _OVER


_OVER: Final = frozenset(
    {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.TIMED_OUT,
        JobState.REJECTED,
        JobState.CANCELLED,
        JobState.ROLLED_BACK,
    }
)

NEXT: Final[dict[UnitState, frozenset[UnitState]]] = {
    UnitState.IMPORTED: frozenset({UnitState.PENDING, UnitState.REVOKED, UnitState.DECOMMISSIONED}),
    UnitState.PENDING: frozenset({UnitState.ACTIVE, UnitState.IMPORTED, UnitState.REVOKED, UnitState.DECOMMISSIONED}),
    UnitState.ACTIVE: frozenset({UnitState.QUARANTINED, UnitState.REVOKED, UnitState.DECOMMISSIONED}),
    UnitState.QUARANTINED: frozenset({UnitState.ACTIVE, UnitState.REVOKED, UnitState.DECOMMISSIONED}),
    # A revoked unit may be claimed anew: with a new claim it begins again.
    UnitState.REVOKED: frozenset({UnitState.IMPORTED, UnitState.DECOMMISSIONED}),
    UnitState.DECOMMISSIONED: frozenset({UnitState.IMPORTED}),
}
"""What may follow what; a change to any other state is refused."""
