"""The people who act on the fleet, who of them is signed in at the console, and links that let somebody in once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from provisioning.fleet.store.tables import LINKS, PEOPLE, SESSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person, as the table has it."""

    person: str
    role: str
    hashed: str | None = field(repr=False)
    """None until the person has chosen a password."""
    made_at: datetime
    enabled: bool
    totp_secret: str | None = field(repr=False)
    totp_last_step: int
    failures: int
    locked_until: datetime | None


class PeopleVerbs:
    """Reads and changes people, sessions and links. Names, roles and passwords are checked by others."""

    def __init__(self, base: Connection, *, now: datetime) -> None:
        self._base = base
        self._now = now

    def get(self, name: str) -> Person | None:
        """Return a person."""
        row = self._base.execute(select(PEOPLE).where(PEOPLE.c.person == name)).first()
        return None if row is None else _person(row)

    def listed(self) -> list[Person]:
        """Return everybody, by name."""
        return [_person(row) for row in self._base.execute(select(PEOPLE).order_by(PEOPLE.c.person))]

    def add(self, name: str, *, role: str) -> None:
        """Add a person, who has no password yet."""
        self._base.execute(insert(PEOPLE).values(person=name, role=role, made_at=self._now))

    def change(self, name: str, **values: Any) -> None:  # noqa: ANN401  columns of several types
        """Change columns of a person."""
        self._base.execute(update(PEOPLE).where(PEOPLE.c.person == name).values(**values))

    def remove(self, name: str) -> None:
        """Forget a person, with what lets them in."""
        self.end_sessions(name)
        self._base.execute(delete(LINKS).where(LINKS.c.person == name))
        self._base.execute(delete(PEOPLE).where(PEOPLE.c.person == name))

    def count_able(self, role: str, *, but: str = "") -> int:
        """Return how many people of a role can sign in, `but` aside."""
        able = (PEOPLE.c.role == role, PEOPLE.c.enabled, PEOPLE.c.hashed.is_not(None), PEOPLE.c.person != but)
        return int(self._base.execute(select(func.count()).select_from(PEOPLE).where(*able)).scalar_one())

    def failed(self, name: str) -> int:
        """Count a failure; return how many there are in a row."""
        self.change(name, failures=PEOPLE.c.failures + 1)
        return int(self._base.execute(select(PEOPLE.c.failures).where(PEOPLE.c.person == name)).scalar_one())

    def take_step(self, name: str, step: int) -> bool:
        """Note the step of a code, once; return whether it is newer than the last one."""
        fits = (PEOPLE.c.person == name, PEOPLE.c.totp_last_step < step)
        return self._base.execute(update(PEOPLE).where(*fits).values(totp_last_step=step)).rowcount == 1

    # --- links --------------------------------------------------------------------------------------------------------

    def put_link(self, digest: str, person: str | None, *, until: datetime) -> None:
        """Keep a link for a person, or (None) for the first administrator; an earlier one counts no more."""
        same = LINKS.c.person.is_(None) if person is None else LINKS.c.person == person
        self._base.execute(delete(LINKS).where(or_(same, LINKS.c.until <= self._now)))
        self._base.execute(insert(LINKS).values(digest=digest, person=person, until=until))

    def link(self, digest: str) -> tuple[str | None] | None:
        """Return whom a link is for, as a tuple of one; None: it is not good (any more)."""
        good = (LINKS.c.digest == digest, LINKS.c.until > self._now)
        row = self._base.execute(select(LINKS.c.person).where(*good)).first()
        return None if row is None else (row.person,)

    def use_link(self, digest: str) -> bool:
        """Let nobody use a link again; return whether it was there."""
        return self._base.execute(delete(LINKS).where(LINKS.c.digest == digest)).rowcount == 1

    # --- sessions -----------------------------------------------------------------------------------------------------

    def begin_session(self, digest: str, person: str, csrf: str) -> None:
        """Keep a session."""
        row = {"digest": digest, "person": person, "csrf": csrf, "began": self._now, "used": self._now}
        self._base.execute(insert(SESSIONS).values(**row))

    def session(self, digest: str) -> tuple[Person, str, datetime, datetime] | None:
        """Return person, form token, beginning and last use of a session."""
        joined = select(PEOPLE, SESSIONS.c.csrf, SESSIONS.c.began, SESSIONS.c.used).join_from(SESSIONS, PEOPLE)
        row = self._base.execute(joined.where(SESSIONS.c.digest == digest)).first()
        if row is None:
            return None
        kept = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
        csrf, began, used = (kept.pop(column) for column in ("csrf", "began", "used"))
        return Person(**kept), csrf, began, used

    def touch_session(self, digest: str) -> None:
        """Note that a session is used."""
        self._base.execute(update(SESSIONS).where(SESSIONS.c.digest == digest).values(used=self._now))

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        self._base.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))

    def end_sessions(self, person: str) -> None:
        """Forget every session of a person."""
        self._base.execute(delete(SESSIONS).where(SESSIONS.c.person == person))

    def forget_old_sessions(self, *, began: datetime, used: datetime) -> None:
        """Forget sessions that began or were used before these."""
        self._base.execute(delete(SESSIONS).where(or_(SESSIONS.c.began < began, SESSIONS.c.used < used)))


def _person(row: Any) -> Person:  # noqa: ANN401  a row of the table
    return Person(**row._mapping)  # noqa: SLF001  SQLAlchemy's public name
