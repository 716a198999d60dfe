"""How a unit is at one moment, without a word about who is before it: for `status`, `watch` and the metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.wire.findings import Checkup


class PartNow(msgspec.Struct, frozen=True, kw_only=True):
    """One part that does not work."""

    part: str
    reason: Reason
    why: str
    for_s: float
    needs_person: bool
    finding: FindingCode | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The unit now."""

    unit: str
    version: str
    simulated: bool
    pid: int
    at: datetime
    uptime_s: float
    state: Literal["ready", "impaired"]
    visit: str
    """The visit's state by its name; `idle` while nobody is here."""
    visit_s: float
    """For how long it has been in this state."""
    cue: str
    troubles: list[PartNow]
    line_up: bool
    waiting_results: int | None
    """None where the outbox does not answer."""
    visits: dict[str, int]
    """How many ended with which reason since the start."""
    dropped: dict[str, int]
    """How many messages from the line had no effect, by cause."""
    clock_trusted: bool
    memory_kb: int | None = None
    cpu_s: float | None = None
    checkup: Checkup | None = None
    versions: dict[str, str] = {}
    """Of the parts, as far as they tell (`device.app.part_versions`)."""


def encode(snapshot: Snapshot) -> bytes:
    """Return it as one line of JSON."""
    return msgspec.json.encode(snapshot) + b"\n"


def decode(line: bytes) -> Snapshot:
    """Return what a unit has said. Raise msgspec.DecodeError for anything else."""
    return msgspec.json.decode(line, type=Snapshot)
