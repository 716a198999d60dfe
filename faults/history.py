"""What happened to the results of one unit, in order, and what must never be in such a history."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from device.wire.freshness import is_fresh


class Wrong(StrEnum):
    """What must not happen."""

    LOST = "lost"
    """The unit promised it, and in the end neither the clinic nor the outbox has it."""
    DOUBLED = "doubled"
    """One result had its effect twice, or one number was given to two results."""
    STALE = "stale"
    """A copy counted at a time at which it must not."""
    ORDER = "order"
    """The numbers do not tell the order of the visits, or first copies went out in another order."""
    INVENTED = "invented"
    """The clinic has something that the unit never promised."""


@dataclass(frozen=True, slots=True)
class Promised:
    """`report` returned: from here on the result must survive everything."""

    message_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Said:
    """A copy went out."""

    message_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The clinic stored it: this is the effect that must happen once."""

    message_id: str
    sequence: int
    expires_at: datetime
    at: datetime
    """By the clinic's clock."""


Entry = Promised | Said | Taken


@dataclass(slots=True)
class History:
    """The entries of one unit's life, from its first start to a good line at the end."""

    entries: list[Entry] = field(default_factory=list)
    attempted: set[str] = field(default_factory=set)
    """Results whose `report` was interrupted: they may exist or not, but not in halves and not twice."""
    waiting: list[str] = field(default_factory=list)
    """What the outbox still holds at the end."""

    def wrongs(self) -> dict[Wrong, list[str]]:
        """Return what must not have happened, with the ids concerned; empty when all is well."""
        promised = {entry.message_id: entry.sequence for entry in self.entries if isinstance(entry, Promised)}
        taken = [entry for entry in self.entries if isinstance(entry, Taken)]
        said: dict[str, int] = {}
        for entry in self.entries:
            if isinstance(entry, Said):
                said.setdefault(entry.message_id, entry.sequence)
        stored = {entry.message_id for entry in taken}
        numbers = Counter({**said, **promised}.values())
        found = {
            Wrong.LOST: [name for name in promised if name not in stored and name not in self.waiting],
            Wrong.DOUBLED: [name for name, times in Counter(entry.message_id for entry in taken).items() if times > 1]
            + [str(number) for number, times in numbers.items() if times > 1],
            Wrong.STALE: [entry.message_id for entry in taken if not is_fresh(entry.expires_at, entry.at)],
            Wrong.ORDER: _out_of_order(list(promised.items())) + _out_of_order(list(said.items())),
            Wrong.INVENTED: [name for name in stored if name not in promised and name not in self.attempted],
        }
        return {wrong: names for wrong, names in found.items() if names}


def _out_of_order(numbered: list[tuple[str, int]]) -> list[str]:
    return [name for (_, before), (name, after) in pairwise(numbered) if after <= before]
