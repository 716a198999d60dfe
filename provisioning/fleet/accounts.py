"""The people of a fleet as the console's pages know them: passwords, pauses, sessions, links that are good once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from argon2 import PasswordHasher

from device.domain.errors import BadConfig
from device.wire.texts import Text
from provisioning.fleet.roles import Role
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.people import Person
from provisioning.fleet.store.transaction import Transaction
from provisioning.web.checking import Kept, check
from provisioning.web.passwords import Hashes, check_name, check_password
from provisioning.web.people import IDLE_S, LONGEST_S, TOKEN_BYTES, TOUCH_S, Account, Refusal, Session, token_digest
from provisioning.web.refusals import NotRightError

LINK_LIFETIME: Final = timedelta(days=1)
LINK_OVER: Final = Text(
    ja="このリンクはもう使えません。管理者に新しいリンクを頼んでください。",
    en="this link is no longer good: ask an administrator for a new one",
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that is good."""

    person: str | None
    """None: for the first administrator, who chooses a name."""


class FleetAccounts:
    """Who may sign in at the console."""

    def __init__(self, store: FleetStore, now: Callable[[], datetime], hasher: PasswordHasher | None = None) -> None:
        self._store = store
        self._now = now
        self._hashes = Hashes(hasher)

    def known(self, name: str) -> bool:
        """Tell whether there is an account of this name."""
        return self._get(name) is not None

    def check(self, name: str, password: str, code: str, now: datetime) -> Account | Refusal:
        """Return the account if all that was given is right. Each failure counts, also the one with a wrong code."""
        return check(_SignIns(self._store, now), self._hashes, name, password, code, now=now)

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its pause and its sessions end. Raise BadConfig when it does not fit."""
        check_password(name, password)
        hashed = self._hashes.make(password)
        with self._store.begin(self._now()) as work:
            _set_password(work, name, hashed)

    def set_second_factor(self, name: str, secret: str | None) -> None:
        """Ask for the code of this secret (Base32) from now on, or for none."""
        with self._store.begin(self._now()) as work:
            work.people.change(name, totp_secret=secret, totp_last_step=0)

    def first_link(self) -> str | None:
        """Return the token of a new link for the first administrator; None where somebody can sign in as one."""
        with self._store.begin(self._now()) as work:
            return None if work.people.count_able(Role.ADMIN) else new_link(work, None)

    def invited(self, token: str) -> Invitation | None:
        """Return whom a link lets in; None: nobody (any more)."""
        with self._store.look(self._now()) as work:
            return _invitation(work, token)

    def accept(self, token: str, name: str, password: str) -> Account:
        """Use a link up: its person, or the first administrator under `name`, has this password from now on.

        Raise BadConfig for a link that is over, a name or a password that does not fit; a good link then stays good.
        """
        invitation = self.invited(token)
        if invitation is None:
            raise NotRightError(LINK_OVER, where="the link")
        chosen = invitation.person or name
        check_name(chosen)
        check_password(chosen, password)
        hashed = self._hashes.make(password)
        with self._store.begin(self._now(), actor=f"web:{chosen}") as work:
            again = _invitation(work, token)
            if again != invitation or not work.people.use_link(_kept(token)):
                raise NotRightError(LINK_OVER, where="the link")
            if invitation.person is None:
                if work.people.get(chosen) is None:
                    work.people.add(chosen, role=Role.ADMIN)
                work.people.change(chosen, role=Role.ADMIN.value, enabled=True)
            _set_password(work, chosen, hashed)
            person = work.people.get(chosen)
            work.audit.note("account.entered", chosen, role="" if person is None else person.role)
        if person is None:
            raise BadConfig("there is no such account any more", where=chosen)
        return _account(person)

    def _get(self, name: str) -> Person | None:
        with self._store.look(self._now()) as work:
            return work.people.get(name)


@dataclass(frozen=True, slots=True)
class _SignIns:
    """A `Ledger` in the store; the hash takes its time outside of any transaction."""

    store: FleetStore
    now: datetime

    def kept(self, name: str) -> Kept | None:
        with self.store.look(self.now) as work:
            person = work.people.get(name)
        return (
            None if person is None else Kept(_account(person), person.hashed, person.totp_secret, person.locked_until)
        )

    def failed(self, name: str) -> int:
        with self.store.begin(self.now) as work:
            return work.people.failed(name)

    def lock(self, name: str, until: datetime) -> None:
        with self.store.begin(self.now) as work:
            work.people.change(name, locked_until=until)

    def take_step(self, name: str, step: int) -> bool:
        with self.store.begin(self.now) as work:
            return work.people.take_step(name, step)

    def succeeded(self, name: str, hashed: str) -> None:
        with self.store.begin(self.now) as work:
            work.people.change(name, failures=0, locked_until=None, hashed=hashed)


class FleetSessions:
    """Who is signed in at the console; kept in the store, so that several consoles know the same people."""

    def __init__(
        self, store: FleetStore, now: Callable[[], datetime], token: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._store = store
        self._now = now
        self._token = token

    def begin(self, account: Account, now: datetime) -> str:
        """Return the token of a new session, to be put into the browser's cookie."""
        token, csrf = self._token(TOKEN_BYTES).hex(), self._token(TOKEN_BYTES).hex()
        with self._store.begin(now) as work:
            work.people.forget_old_sessions(
                began=now - timedelta(seconds=LONGEST_S), used=now - timedelta(seconds=IDLE_S)
            )
            work.people.begin_session(_kept(token), account.name, csrf)
        return token

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the session of a token while it lasts and its account may sign in."""
        with self._store.look(now) as work:
            found = work.people.session(_kept(token))
        if found is None:
            return None
        person, csrf, began, used = found
        over = now - began > timedelta(seconds=LONGEST_S) or now - used > timedelta(seconds=IDLE_S)
        if over or not person.enabled:
            return None
        if now - used > timedelta(seconds=TOUCH_S):
            with self._store.begin(now) as work:
                work.people.touch_session(_kept(token))
        return Session(_account(person), csrf)

    def end(self, token: str) -> None:
        """Sign out."""
        with self._store.begin(self._now()) as work:
            work.people.end_session(_kept(token))


class ConsoleJournal:
    """Notes what people do with their own accounts in the fleet's audit."""

    def __init__(self, store: FleetStore) -> None:
        self._store = store

    def add(self, who: str, what: str, about: str, now: datetime) -> None:
        """Append an entry."""
        with self._store.begin(now, actor=f"web:{who}") as work:
            action, _, why = what.partition(": ")
            work.audit.note(f"console.{action.replace(' ', '_').replace('-', '_')}", about or who, why=why)


def new_link(work: Transaction, person: str | None) -> str:
    """Return the token of a new link for a person, or for the first administrator."""
    token = secrets.token_hex(TOKEN_BYTES)
    work.people.put_link(_kept(token), person, until=work.now + LINK_LIFETIME)
    return token


def _invitation(work: Transaction, token: str) -> Invitation | None:
    found = work.people.link(_kept(token))
    if found is None or (found[0] is None and work.people.count_able(Role.ADMIN)):
        return None
    return Invitation(found[0])


def _set_password(work: Transaction, name: str, hashed: str) -> None:
    work.people.change(name, hashed=hashed, failures=0, locked_until=None)
    work.people.end_sessions(name)


def _account(person: Person) -> Account:
    return Account(person.person, person.role, person.enabled, person.totp_secret is not None)


def _kept(token: str) -> str:
    return token_digest(token).hex()
