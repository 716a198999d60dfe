"""What the unit knows of its versions: written down before each step, so that a power cut leaves no doubt.

The order of taking a version: write `begun` down, switch, try, then write `passed` down; or write `complained` down,
switch back, write `ended` down. Whoever finds a step under way after a start finishes it by `unfinished`: a version
whose trial was not passed is never kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Refusal
from device.wire.updates import Version

IMAGE: Final = ""
"""In place of a version: what the system's image or package brought, before or instead of any update."""

Shelved = Annotated[str, Meta(max_length=64)]
"""A version, or IMAGE."""

MOST_FAILURES = 20


class UnderWay(Struct, frozen=True, kw_only=True):
    """A switch that was begun and not ended."""

    version: Shelved
    before: Shelved
    goal: Literal["take", "go_back"]
    complaint: str | None = None
    """What was wrong with the version, once that is known."""


class Outcome(Struct, frozen=True, kw_only=True):
    """How the last attempt ended."""

    version: Shelved
    at: datetime
    """By the unit's clock, right or wrong."""
    refusal: Refusal | None = None
    """None: it is in use."""
    detail: str = ""


class Entry(Struct, frozen=True, kw_only=True):
    """What is known of one kind."""

    current: Shelved = IMAGE
    previous: Shelved | None = None
    """What `rollback` goes back to; None where there is nothing."""
    under_way: UnderWay | None = None
    failed: tuple[Version, ...] = ()
    """Versions that failed here, the last ones."""
    last: Outcome | None = None


class Ledger(Struct, frozen=True, kw_only=True):
    """What is known of every kind, and the time that it is at least."""

    v: Literal[1] = 1
    kinds: dict[Kind, Entry] = {}
    not_before: datetime | None = None
    """The latest moment that something trustworthy vouched for; it only moves forward."""

    def of(self, kind: Kind) -> Entry:
        """Return what is known of a kind."""
        return self.kinds.get(kind, Entry())

    def put(self, kind: Kind, entry: Entry) -> Ledger:
        """Return the ledger with this entry in it."""
        return replace(self, kinds={**self.kinds, kind: entry})

    def vouched(self, moment: datetime | None) -> Ledger:
        """Return the ledger after something trustworthy vouched for `moment`."""
        if moment is None or (self.not_before is not None and moment <= self.not_before):
            return self
        return replace(self, not_before=moment)


def read(written: bytes) -> Ledger:
    """Return what was written down. What cannot be read counts as nothing: the links then say what is current."""
    try:
        return msgspec.json.decode(written, type=Ledger)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Ledger()


def begun(entry: Entry, version: str) -> Entry:
    """A version will be switched to and tried."""
    return replace(entry, under_way=UnderWay(version=version, before=entry.current, goal="take"))


def going_back(entry: Entry) -> Entry:
    """The version before will be switched to, because somebody said so. Raise UpdateRefused(NOTHING_BEFORE)."""
    if entry.previous is None:
        raise UpdateRefused("no version before the present one is known", refusal=Refusal.NOTHING_BEFORE)
    return replace(entry, under_way=UnderWay(version=entry.previous, before=entry.current, goal="go_back"))


def complained(entry: Entry, complaint: str) -> Entry:
    """The version under way does not work; it will be switched back from."""
    if entry.under_way is None:
        raise ValueError("nothing is under way")
    return replace(entry, under_way=replace(entry.under_way, complaint=complaint))


def passed(entry: Entry, at: datetime) -> Entry:
    """The version under way works (or was gone back to), and is current."""
    step = entry.under_way
    if step is None:
        raise ValueError("nothing is under way")
    previous = step.before if step.goal == "take" else None
    return replace(
        entry, current=step.version, previous=previous, under_way=None, last=Outcome(version=step.version, at=at)
    )


def ended(entry: Entry, at: datetime) -> Entry:
    """What was before is current again; the version under way is not kept."""
    step = entry.under_way
    if step is None:
        raise ValueError("nothing is under way")
    if step.complaint is None:
        return replace(entry, under_way=None, last=Outcome(version=step.version, at=at, refusal=Refusal.INTERRUPTED))
    return refused(replace(entry, under_way=None), step.version, step.complaint, at)


def refused(entry: Entry, version: str, complaint: str, at: datetime) -> Entry:
    """A version was tried and does not work; what was current still is."""
    failed = (*(each for each in entry.failed if each != version), version)[-MOST_FAILURES:]
    return replace(
        entry,
        failed=failed,
        last=Outcome(version=version, at=at, refusal=Refusal.NOT_WELL, detail=complaint),
    )


def unfinished(entry: Entry) -> str | None:
    """Return which version has to be current before what is under way can be written off; None when nothing is."""
    step = entry.under_way
    if step is None:
        return None
    return step.version if step.goal == "go_back" else step.before


def finished(entry: Entry, at: datetime) -> Entry:
    """Write off what was under way when the unit stopped, after `unfinished` was made current."""
    step = entry.under_way
    if step is not None and step.goal == "go_back":
        return passed(entry, at)
    return ended(entry, at)
