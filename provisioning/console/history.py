"""The audit as people read it: what was done, in words, and how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from provisioning.fleet.store.audit import Entry
from provisioning.web.visit import Visit

_STOP: Final = ("refused", "revoked", "alarm", "rolled_back", "failed", "timed_out", "rejected", "wiped", "written_off")
_ATTENTION: Final = (
    "quarantined",
    "paused",
    "asked",
    "waits",
    "rolling_back",
    "aborted",
    "decommission",
    "wipe_ordered",
)
_GOOD: Final = ("active", "applied", "granted", "succeeded", "in_use", "given", "cleared", "enforced")


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the audit, told."""

    number: int
    at: datetime
    actor: str
    subject: str
    action: str
    """As the audit has it."""
    words: str
    details: tuple[tuple[str, str], ...]
    tone: str


def told(entry: Entry, visit: Visit) -> Told:
    """Return an entry in the reader's language; an action without words keeps its name."""
    key = "did_" + entry.action.replace(".", "_")
    words = visit.say(key) if key in visit.words else entry.action
    details = tuple(
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in msgspec.json.decode(entry.detail).items()
        if value not in (None, "", [])
    )
    return Told(entry.number, entry.at, entry.actor, entry.subject, entry.action, words, details, _tone(entry.action))


def _tone(action: str) -> str:
    last = action.rpartition(".")[2].removeprefix("now_")
    for tone, ends in (("stop", _STOP), ("attention", _ATTENTION), ("good", _GOOD)):
        if last in ends or action in ends:
            return tone
    return "quiet"
