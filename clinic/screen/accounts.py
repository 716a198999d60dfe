"""Who may look: one account per person, a slow hash of the password, a second factor for who wants one.

A wrong password costs the account a growing pause, told in the same words whether the account exists or not.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from argon2 import PasswordHasher

from clinic.screen.database import Database
from provisioning.web.passwords import Hashes, check_name, check_password, pause_s, totp_step
from provisioning.web.people import Account, Refusal
from provisioning.web.refusals import LAST_ADMIN, NAME_TAKEN, NotRightError


class Role(StrEnum):
    """What an account may do."""

    DESK = "desk"
    """See arrivals, act on them."""
    ADMIN = "admin"
    """The desk's part, and accounts, the access log and disaster mode."""


@dataclass(frozen=True, slots=True)
class _Stored:
    account: Account
    hashed: str = field(repr=False)
    secret: str | None = field(repr=False)
    locked_until: float


class Accounts:
    """The people who may sign in."""

    def __init__(self, database: Database, hasher: PasswordHasher | None = None) -> None:
        self._database = database
        self._hashes = Hashes(hasher)

    def all(self) -> list[Account]:
        """Return every account by name."""
        with self._database.look() as rows:
            return [
                Account(name, Role(role), bool(enabled), secret is not None)
                for name, role, enabled, secret in rows.execute(
                    "SELECT name, role, enabled, totp_secret FROM account ORDER BY name"
                )
            ]

    def known(self, name: str) -> bool:
        """Tell whether there is an account of this name."""
        return self._find(name) is not None

    def create(self, name: str, role: Role, password: str) -> Account:
        """Make an account. Raise BadConfig naming what does not fit."""
        check_name(name)
        check_password(name, password)
        hashed = self._hashes.make(password)
        try:
            with self._database.change() as rows:
                rows.execute("INSERT INTO account (name, role, password_hash) VALUES (?, ?, ?)", (name, role, hashed))
        except sqlite3.IntegrityError as error:
            raise NotRightError(NAME_TAKEN, where="name") from error
        return Account(name, role)

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its pause and its sessions end. Raise BadConfig when it does not fit."""
        check_password(name, password)
        hashed = self._hashes.make(password)
        with self._database.change() as rows:
            rows.execute(
                "UPDATE account SET password_hash = ?, failures = 0, locked_until = 0 WHERE name = ?", (hashed, name)
            )
            rows.execute("DELETE FROM session WHERE account = ?", (name,))

    def enable(self, name: str, *, enabled: bool) -> None:
        """Let an account sign in, or not; its sessions end. Raise BadConfig for the last administrator."""
        with self._database.change() as rows:
            others = rows.execute(
                "SELECT count(*) FROM account WHERE role = ? AND enabled AND name != ?", (Role.ADMIN, name)
            ).fetchone()[0]
            if not enabled and not others:
                raise NotRightError(LAST_ADMIN, where=name)
            rows.execute("UPDATE account SET enabled = ? WHERE name = ?", (enabled, name))
            rows.execute("DELETE FROM session WHERE account = ?", (name,))

    def set_second_factor(self, name: str, secret: str | None) -> None:
        """Ask for the code of this secret (Base32) from now on, or for none."""
        with self._database.change() as rows:
            rows.execute("UPDATE account SET totp_secret = ?, totp_last_step = 0 WHERE name = ?", (secret, name))

    def check(self, name: str, password: str, code: str, now: datetime) -> Account | Refusal:
        """Return the account if all that was given is right. Each failure counts, also the one with a wrong code."""
        found = self._find(name)
        if found is None:
            self._hashes.fits(None, password)
            return Refusal.WRONG
        if found.locked_until > now.timestamp():
            return Refusal.PAUSED
        if not self._hashes.fits(found.hashed, password) or not found.account.enabled:
            return self._failed(name, now)
        if found.secret is not None:
            if not code:
                return Refusal.CODE_MISSING
            if not self._takes_code(name, found.secret, code, now):
                return self._failed(name, now)
        self._succeeded(name, password, found.hashed)
        return found.account

    def _find(self, name: str) -> _Stored | None:
        with self._database.look() as rows:
            row = rows.execute(
                "SELECT role, enabled, password_hash, totp_secret, locked_until FROM account WHERE name = ?", (name,)
            ).fetchone()
        if row is None:
            return None
        role, enabled, hashed, secret, locked_until = row
        return _Stored(Account(name, Role(role), bool(enabled), secret is not None), hashed, secret, locked_until)

    def _takes_code(self, name: str, secret: str, code: str, now: datetime) -> bool:
        step = totp_step(secret, code, now)
        if step is None:
            return False
        # A code seen over somebody's shoulder is worth nothing: each one counts once, in one statement.
        with self._database.change() as rows:
            taken = rows.execute(
                "UPDATE account SET totp_last_step = ? WHERE name = ? AND totp_last_step < ?", (step, name, step)
            )
            return taken.rowcount == 1

    def _failed(self, name: str, now: datetime) -> Refusal:
        with self._database.change() as rows:
            (failures,) = rows.execute(
                "UPDATE account SET failures = failures + 1 WHERE name = ? RETURNING failures", (name,)
            ).fetchone()
            if pause := pause_s(failures):
                rows.execute("UPDATE account SET locked_until = ? WHERE name = ?", (now.timestamp() + pause, name))
        return Refusal.WRONG

    def _succeeded(self, name: str, password: str, hashed: str) -> None:
        hashed = self._hashes.renewed(hashed, password)
        with self._database.change() as rows:
            rows.execute(
                "UPDATE account SET failures = 0, locked_until = 0, password_hash = ? WHERE name = ?", (hashed, name)
            )
