"""What needs a second person before it is done."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from device.domain.errors import BadConfig
from provisioning.fleet.store.tables import APPROVALS

WAITING, APPROVED, DENIED = "waiting", "approved", "denied"
DONE, FAILED = "done", "failed"
"""What came of it, after it was approved."""
STALE: Final = "stale"
"""Nobody writes this: a request is stale when what it rests on has changed."""
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


class ApprovalVerbs:
    """Asks for and gives approval; who may is decided by others."""

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
                detail=_text(detail),
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

    def newest(self, *, limit: int = 50) -> list[Approval]:
        """Return requests, whatever became of them, the newest first."""
        asked = select(APPROVALS).order_by(APPROVALS.c.asked_at.desc()).limit(limit)
        return [_approval(row) for row in self._base.execute(asked)]

    def decide(self, name: str, *, approve: bool) -> Approval:
        """Approve or deny, once. Raise BadConfig for a request that ran out or is decided."""
        waits = (APPROVALS.c.approval == name, APPROVALS.c.state == WAITING, APPROVALS.c.until > self._now)
        state = APPROVED if approve else DENIED
        decided = update(APPROVALS).where(*waits).values(state=state, decided_by=self._actor, decided_at=self._now)
        if self._base.execute(decided).rowcount != 1:
            raise BadConfig(f"it is {self.get(name).state} or has run out; ask again", where=name)
        return self.get(name)

    def note(self, name: str, *, words: str, state: str | None = None) -> None:
        """Note why, or what came of it."""
        values = {"detail": _text(self.get(name).detail | {"words": words})}
        if state is not None:
            values["state"] = state
        self._base.execute(update(APPROVALS).where(APPROVALS.c.approval == name).values(**values))


def _text(detail: dict[str, Any]) -> str:
    return msgspec.json.encode(detail, order="sorted").decode()


def _approval(row: Any) -> Approval:  # noqa: ANN401  a row of the table
    values = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    return Approval(**(values | {"detail": msgspec.json.decode(values["detail"])}))
