"""Two people for what one alone shall not do: a request, the word of another person, and then the deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from device.domain.errors import BadConfig
from provisioning.fleet.basis import basis_of, differences
from provisioning.fleet.deeds import Deed
from provisioning.fleet.roles import Actor, person_of
from provisioning.fleet.store.approvals import DONE, FAILED, STALE, WAITING, Approval
from provisioning.fleet.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A deed that waits for a second person, or did."""

    name: str
    deed: Deed
    state: str
    """As the store has it; `lapsed` where nobody decided in time, `stale` where the fleet is another one by now."""
    asked_by: str
    asked_at: datetime
    until: datetime
    decided_by: str | None
    decided_at: datetime | None
    words: str
    """Why it was refused, or what came of it."""
    changed: tuple[str, ...] = ()
    """What is not as it was when it was asked."""

    @property
    def waits(self) -> bool:
        """Somebody may still decide."""
        return self.state == WAITING


LAPSED = "lapsed"


def ask(work: Transaction, deed: Deed) -> Request:
    """Keep a deed until another person agrees; return the request."""
    detail = {"deed": msgspec.to_builtins(deed), "basis": basis_of(work, deed)}
    name = work.approvals.ask(deed.kind, detail)
    work.audit.note("approval.asked", deed.subject[:160], approval=name, what=deed.kind, why=getattr(deed, "why", ""))
    return read(work, work.approvals.get(name))


def requests(work: Transaction, *, everything: bool = False) -> list[Request]:
    """Return the requests that wait, or the newest of all."""
    kept = work.approvals.newest() if everything else work.approvals.waiting()
    return [read(work, one) for one in kept]


def read(work: Transaction, kept: Approval) -> Request:
    """Return a request as it counts now."""
    deed = msgspec.convert(kept.detail["deed"], Deed)
    state, changed = kept.state, list[str]()
    if state == WAITING and kept.until <= work.now:
        state = LAPSED
    elif state == WAITING and (found := _changed(work, deed, kept.detail["basis"])):
        state, changed = STALE, found
    return Request(
        name=kept.approval,
        deed=deed,
        state=state,
        asked_by=kept.asked_by,
        asked_at=kept.asked_at,
        until=kept.until,
        decided_by=kept.decided_by,
        decided_at=kept.decided_at,
        words=str(kept.detail.get("words", "")),
        changed=tuple(changed),
    )


def agree(work: Transaction, name: str, actor: Actor) -> Request:
    """Note a second person's yes; the deed is to be done next.

    Raise BadConfig for one's own request, one that is decided or ran out, or one whose ground has changed;
    NotAllowedError for somebody who could not do it themself.
    """
    request = _decidable(work, name, actor)
    if person_of(request.asked_by) == actor.name:
        raise BadConfig("a second person has to approve it: you asked for it yourself", where=name)
    if request.state == STALE:
        gone = ", ".join(request.changed)
        raise BadConfig(f"the fleet has changed since it was asked ({gone}): refuse it and ask again", where=name)
    work.approvals.decide(name, approve=True)
    work.audit.note("approval.given", request.deed.subject[:160], approval=name, asked_by=request.asked_by)
    return request


def refuse(work: Transaction, name: str, actor: Actor, *, why: str) -> Request:
    """Note a no; whoever asked may take it back with the same word. Raise as `agree` does, but for the ground."""
    request = _decidable(work, name, actor)
    work.approvals.decide(name, approve=False)
    work.approvals.note(name, words=why)
    work.audit.note("approval.refused", request.deed.subject[:160], approval=name, asked_by=request.asked_by, why=why)
    return read(work, work.approvals.get(name))


def came_of_it(work: Transaction, name: str, *, done: bool, words: str) -> None:
    """Note what came of a deed that was agreed to."""
    work.approvals.note(name, state=DONE if done else FAILED, words=words)


def _decidable(work: Transaction, name: str, actor: Actor) -> Request:
    request = read(work, work.approvals.get(name))
    actor.need(request.deed.needs, name)
    if request.state not in {WAITING, STALE}:
        raise BadConfig(f"it is {request.state}; ask again", where=name)
    return request


def _changed(work: Transaction, deed: Deed, before: dict[str, Any]) -> list[str]:
    try:
        return differences(before, msgspec.to_builtins(basis_of(work, deed)))
    except BadConfig as error:
        return [str(error)]
