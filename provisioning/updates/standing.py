"""What is published, who has to sign, and what runs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from provisioning.updates.repository import Missing, Repository

SOON: Final = {
    # Offline roles need people: the earlier the better.
    Root.type: timedelta(days=60),
    Targets.type: timedelta(days=30),
    Snapshot.type: timedelta(days=7),
    Timestamp.type: timedelta(days=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleStanding:
    """One role."""

    role: str
    version: int
    expires: datetime
    threshold: int
    keys: tuple[str, ...]
    due: bool
    """It runs out soon, or has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The repository as it is."""

    roles: tuple[RoleStanding, ...]
    targets: tuple[str, ...]
    """Names of what is offered."""
    missing: tuple[Missing, ...]
    """What waits for signatures."""

    @property
    def is_well(self) -> bool:
        """Nothing waits, nothing runs out."""
        return not self.missing and not any(role.due for role in self.roles)


def standing(repository: Repository, *, now: datetime) -> Standing:
    """Return how things stand. Raise BadConfig where there is no repository."""
    root = repository.newest(Root.type, Root).signed
    targets = repository.newest(Targets.type, Targets).signed
    snapshot = repository.newest(Snapshot.type, Snapshot).signed
    timestamp = repository.newest(Timestamp.type, Timestamp).signed
    return Standing(
        roles=tuple(
            RoleStanding(
                role=signed.type,
                version=signed.version,
                expires=signed.expires,
                threshold=root.roles[signed.type].threshold,
                keys=tuple(root.roles[signed.type].keyids),
                due=signed.expires - now < SOON[signed.type],
            )
            for signed in (root, targets, snapshot, timestamp)
        ),
        targets=tuple(sorted(targets.targets)),
        missing=tuple(repository.missing()),
    )
