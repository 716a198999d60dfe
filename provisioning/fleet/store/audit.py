"""The audit: each entry carries a keyed digest over itself and the entry before it.

Whoever can write to the base but has not the key cannot change, remove or move an entry without breaking the chain,
and the break names the entry. Taking entries off the end, together with the head, shows only beside a head that was
noted elsewhere: `uketsuke-fleet audit head` prints one, `audit verify --since NUMBER:LINK` holds the chain against it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import msgspec
from sqlalchemy import Connection, insert, select, update

from provisioning.fleet.store.tables import AUDIT, AUDIT_HEAD

ANCHOR = "0" * 64
"""What the first entry follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done or refused."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    """JSON."""
    previous: str
    link: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry."""

    number: int
    link: str

    def __str__(self) -> str:
        return f"{self.number}:{self.link}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at the whole chain found."""

    entries: int
    head: Head
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Nothing was found."""
        return not self.problems


class AuditVerbs:
    """Writes entries at the end of a transaction, reads and verifies them."""

    def __init__(self, base: Connection, *, now: datetime, actor: str, key: bytes) -> None:
        self._base = base
        self._now = now
        self._actor = actor
        self._key = key
        self._waiting: list[tuple[str, str, str]] = []

    def note(self, action: str, subject: str, **detail: str | float | bool | list[str] | None) -> None:
        """Say that something was done to `subject`, or refused. It is written when the transaction ends."""
        self._waiting.append((action, subject, msgspec.json.encode(detail, order="sorted").decode()))

    def write(self) -> None:
        """Append what was noted. The head's row is locked last of all, so that transactions wait for it briefly."""
        if not self._waiting:
            return
        head = self.head(lock=True)
        number, link = head.number, head.link
        rows = []
        for action, subject, detail in self._waiting:
            number += 1
            entry = self._linked(number, action, subject, detail, link)
            link = entry.link
            rows.append({field: getattr(entry, field) for field in Entry.__slots__})
        self._base.execute(insert(AUDIT), rows)
        self._base.execute(update(AUDIT_HEAD).values(number=number, link=link))
        self._waiting.clear()

    def head(self, *, lock: bool = False) -> Head:
        """Return the newest entry's number and link."""
        asked = select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.link)
        row = self._base.execute(asked.with_for_update() if lock else asked).one()
        return Head(row.number, row.link)

    def entries(self, subject: str | None = None, *, limit: int = 100, before: int | None = None) -> list[Entry]:
        """Return entries, the newest first."""
        asked = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
        if subject is not None:
            asked = asked.where(AUDIT.c.subject == subject)
        if before is not None:
            asked = asked.where(AUDIT.c.number < before)
        return [Entry(**row._mapping) for row in self._base.execute(asked)]  # noqa: SLF001  SQLAlchemy's public name

    def verify(self, noted: Head | None = None) -> Verdict:
        """Follow the chain from its beginning; `noted` is a head that was written down elsewhere."""
        problems: list[str] = []
        number, link, noted_seen = 0, ANCHOR, noted is None or noted.number == 0
        for row in self._base.execute(select(AUDIT).order_by(AUDIT.c.number)):
            entry = Entry(**row._mapping)  # noqa: SLF001
            if entry.number != number + 1:
                problems.append(f"entries {number + 1} to {entry.number - 1} were removed")
            elif entry.previous != link:
                problems.append(f"entry {entry.number} does not follow entry {number}: one of them was moved")
            if not hmac.compare_digest(self._link(entry), entry.link):
                problems.append(f"entry {entry.number} ({entry.action} of {entry.subject}) was altered")
            if noted is not None and noted.number == entry.number:
                noted_seen = True
                if noted.link != entry.link:
                    problems.append(f"entry {entry.number} is another one than was noted")
            number, link = entry.number, entry.link
        head = self.head()
        if (head.number, head.link) != (number, link):
            problems.append(f"the head says {head.number} entries, there are {number}: the end was removed or added to")
        if noted is not None and not noted_seen:
            problems.append(f"entry {noted.number}, which was noted, is gone: the end was removed")
        return Verdict(number, Head(number, link), tuple(problems))

    def _linked(self, number: int, action: str, subject: str, detail: str, previous: str) -> Entry:
        entry = Entry(
            number=number,
            at=self._now,
            actor=self._actor,
            action=action,
            subject=subject,
            detail=detail,
            previous=previous,
            link="",
        )
        return replace(entry, link=self._link(entry))

    def _link(self, entry: Entry) -> str:
        said = (
            entry.number,
            entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            entry.actor,
            entry.action,
            entry.subject,
            entry.detail,
            entry.previous,
        )
        return hmac.new(self._key, msgspec.json.encode(said), sha256).hexdigest()
