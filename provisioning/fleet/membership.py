"""Who belongs to the people of a fleet."""

from __future__ import annotations

from typing import assert_never

from device.domain.errors import BadConfig
from provisioning.fleet.accounts import new_link
from provisioning.fleet.deeds import AddPerson, LinkFor, RemovePerson, SetRole
from provisioning.fleet.roles import Role
from provisioning.fleet.store.transaction import Transaction
from provisioning.web.passwords import check_name
from provisioning.web.refusals import LAST_ADMIN, NAME_TAKEN, NotRightError


def change(work: Transaction, deed: AddPerson | SetRole | RemovePerson | LinkFor) -> str | None:
    """Change who belongs; return the token of a link where that comes of it.

    Raise BadConfig for a name that cannot be, is taken or is not there, and for the last administrator.
    """
    name = deed.person
    there = work.people.get(name)
    if isinstance(deed, AddPerson):
        check_name(name)
        if there is not None:
            raise NotRightError(NAME_TAKEN, where=name)
        work.people.add(name, role=deed.role)
        work.audit.note("account.added", name, role=deed.role.value)
        return new_link(work, name)
    if there is None:
        raise BadConfig("no such account; `uketsuke-fleet account list` shows them", where=name)
    match deed:
        case SetRole():
            if deed.role is not Role.ADMIN:
                _keep_an_admin(work, name)
            work.people.change(name, role=deed.role.value)
            work.people.end_sessions(name)
            work.audit.note("account.role", name, role=deed.role.value, before=there.role)
            return None
        case RemovePerson():
            _keep_an_admin(work, name)
            work.people.remove(name)
            work.audit.note("account.removed", name, role=there.role)
            return None
        case LinkFor():
            work.people.change(name, totp_secret=None, totp_last_step=0)
            work.audit.note("account.link", name)
            return new_link(work, name)
        case _:
            assert_never(deed)


def _keep_an_admin(work: Transaction, name: str) -> None:
    there = work.people.get(name)
    is_one = there is not None and there.role == Role.ADMIN and there.hashed is not None
    if is_one and not work.people.count_able(Role.ADMIN, but=name):
        raise NotRightError(LAST_ADMIN, where=name)
