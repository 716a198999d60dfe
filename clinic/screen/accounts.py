"""Who may look: one account per person, a slow hash of the password, a second factor for who wants one.

A wrong password costs the account a growing pause, told in the same words whether the account exists or not.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from enum import StrEnum

from argon2 import PasswordHasher

from clinic.screen.database import Database
from provisioning.web.checking import Kept, check
from provisioning.web.passwords import Hashes, check_name, check_password
from provisioning.web.people import Account, Refusal
from provisioning.web.refusals import LAST_ADMIN, NAME_TAKEN, NotRightError


class Role(StrEnum):
    """What an account may do."""

    DESK = "desk"
    """See arrivals, act on them."""
    ADMIN = "admin"
    """The desk's part, and accounts, the access log and disaster mode."""


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
        return self.kept(name) is not None

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
        return check(self, self._hashes, name, password, code, now=now)

    # --- what `check` asks --------------------------------------------------------------------------------------------

    def kept(self, name: str) -> Kept | None:
        """Return what is kept of somebody; None: there is no such account."""
        with self._database.look() as rows:
            row = rows.execute(
                "SELECT role, enabled, password_hash, totp_secret, locked_until FROM account WHERE name = ?", (name,)
            ).fetchone()
        if row is None:
            return None
        role, enabled, hashed, secret, locked_until = row
        account = Account(name, Role(role), bool(enabled), secret is not None)
        return Kept(account, hashed, secret, datetime.fromtimestamp(locked_until, UTC))

    def failed(self, name: str) -> int:
        """Count a failure; return how many there were in a row."""
        with self._database.change() as rows:
            (failures,) = rows.execute(
                "UPDATE account SET failures = failures + 1 WHERE name = ? RETURNING failures", (name,)
            ).fetchone()
        return int(failures)

    def lock(self, name: str, until: datetime) -> None:
        """Let nobody in under this name until then."""
        with self._database.change() as rows:
            rows.execute("UPDATE account SET locked_until = ? WHERE name = ?", (until.timestamp(), name))

    def take_step(self, name: str, step: int) -> bool:
        """Note that the code of a time step was used; False when it or a later one was used before."""
        with self._database.change() as rows:
            taken = rows.execute(
                "UPDATE account SET totp_last_step = ? WHERE name = ? AND totp_last_step < ?", (step, name, step)
            )
            return taken.rowcount == 1

    def succeeded(self, name: str, hashed: str) -> None:
        """Forget failures, and keep this hash from now on."""
        with self._database.change() as rows:
            rows.execute(
                "UPDATE account SET failures = 0, locked_until = 0, password_hash = ? WHERE name = ?", (hashed, name)
            )
