"""What needs a second person before it is done, and who may do what at the console."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from device.domain.errors import BadConfig
from provisioning.fleet.store.tables import ADMINS, APPROVALS

WAITING, APPROVED, DENIED = "waiting", "approved", "denied"
LIFETIME = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One request for a second opinion."""

    approval: str
    action: str
    detail: dict[str, Any]
    state: str
    asked_by: str
    asked_at: datetime
    until: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """One person at the console."""

    admin: str
    role: str
    secret: str | None
    made_at: datetime
    disabled: bool


class ApprovalVerbs:
    """Asks for and gives approval; knows the people who may."""

    def __init__(self, base: Connection, *, now: datetime, actor: str) -> None:
        self._base = base
        self._now = now
        self._actor = actor

    def ask(self, action: str, detail: dict[str, Any]) -> str:
        """Ask for a second person's word; return the request's name."""
        name = secrets.token_hex(4)
        self._base.execute(
            insert(APPROVALS).values(
                approval=name,
                action=action,
                detail=msgspec.json.encode(detail, order="sorted").decode(),
                state=WAITING,
                asked_by=self._actor,
                asked_at=self._now,
                until=self._now + LIFETIME,
            )
        )
        return name

    def get(self, name: str) -> Approval:
        """Return a request. Raise BadConfig where there is none."""
        row = self._base.execute(select(APPROVALS).where(APPROVALS.c.approval == name)).first()
        if row is None:
            raise BadConfig("no such request for approval", where=name)
        return _approval(row)

    def waiting(self) -> list[Approval]:
        """Return the requests that wait and have not run out."""
        asked = select(APPROVALS).where(APPROVALS.c.state == WAITING, APPROVALS.c.until > self._now)
        return [_approval(row) for row in self._base.execute(asked.order_by(APPROVALS.c.asked_at))]

    def decide(self, name: str, *, approve: bool) -> Approval:
        """Approve or deny. Raise BadConfig for one's own request, one that ran out, or one that is decided."""
        request = self.get(name)
        if request.state != WAITING or request.until <= self._now:
            raise BadConfig(f"it is {request.state} or has run out; ask again", where=name)
        if approve and request.asked_by == self._actor:
            raise BadConfig("a second person has to approve it", where=name)
        state = APPROVED if approve else DENIED
        self._base.execute(
            update(APPROVALS)
            .where(APPROVALS.c.approval == name)
            .values(state=state, decided_by=self._actor, decided_at=self._now)
        )
        return self.get(name)

    def put_admin(self, name: str, *, role: str, secret: str | None, disabled: bool = False) -> None:
        """Add a person or change their role."""
        values = {"role": role, "secret": secret, "disabled": disabled}
        if self._base.execute(select(ADMINS.c.admin).where(ADMINS.c.admin == name)).first() is None:
            self._base.execute(insert(ADMINS).values(admin=name, made_at=self._now, **values))
        else:
            self._base.execute(update(ADMINS).where(ADMINS.c.admin == name).values(**values))

    def admins(self) -> list[Admin]:
        """Return everybody, by name."""
        rows = self._base.execute(select(ADMINS).order_by(ADMINS.c.admin))
        return [Admin(**row._mapping) for row in rows]  # noqa: SLF001  SQLAlchemy's public name


def _approval(row: Any) -> Approval:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    return Approval(**(values | {"detail": msgspec.json.decode(values["detail"])}))
