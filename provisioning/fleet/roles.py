"""Who acts, by which way, and what that person may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from device.domain.errors import BadConfig


class Role(StrEnum):
    """What a person may do; each may what those before it may."""

    VIEWER = "viewer"
    """See everything but secrets."""
    OPERATOR = "operator"
    """Change settings, roll out, ask for logs, quarantine."""
    ADMIN = "admin"
    """Bring units in and put them out for good; accounts."""

    def covers(self, needed: Role) -> bool:
        """Tell whether this role may what `needed` may."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class NotAllowedError(BadConfig):
    """A person asked for what their role may not."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person at work."""

    name: str
    way: str
    """`cli` or `web`. The same name by another way is the same person."""
    role: Role

    def __str__(self) -> str:
        return f"{self.way}:{self.name}"

    def need(self, role: Role, what: str) -> None:
        """Raise NotAllowedError unless this person may do it."""
        if not self.role.covers(role):
            raise NotAllowedError(f"{self.name} is {self.role}, and this needs {role}", where=what)


def person_of(actor: str) -> str:
    """Return the person in what the audit and a request say of who acted."""
    return actor.rpartition(":")[2]
