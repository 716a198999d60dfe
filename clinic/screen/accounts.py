"""Who may look: one account per person, a slow hash of the password, a second factor for who wants one.

A wrong password costs the account a growing pause, told in the same words whether the account exists or not.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from clinic.screen.database import Database
from device.domain.errors import BadConfig

NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
SHORTEST_PASSWORD: Final = 12
"""Characters. NIST SP 800-63B-4 asks for 15 alone and 8 with a second factor; the growing pause lies between."""
LONGEST_PASSWORD: Final = 128
FREE_FAILURES: Final = 4
"""Slips of the finger that cost nothing."""
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 900.0
TOTP_STEP_S: Final = 30


class Role(StrEnum):
    """What an account may do."""

    DESK = "desk"
    """See arrivals, act on them."""
    ADMIN = "admin"
    """The desk's part, and accounts, the access log and disaster mode."""


class Refusal(StrEnum):
    """Why nobody was let in."""

    WRONG = "wrong"
    """Name, password or code; which one is nobody's business."""
    PAUSED = "paused"
    CODE_MISSING = "code_missing"
    """The password was right and a code is needed."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person."""

    name: str
    role: Role
    enabled: bool = True
    second_factor: bool = False


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
        # The library's defaults are RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes.
        self._hasher = hasher or PasswordHasher()
        # Somebody who guesses names shall wait as long as somebody who guesses passwords.
        self._nobody = self._hasher.hash("nobody has this password")

    def all(self) -> list[Account]:
        """Return every account by name."""
        with self._database.look() as rows:
            return [
                Account(name, Role(role), bool(enabled), secret is not None)
                for name, role, enabled, secret in rows.execute(
                    "SELECT name, role, enabled, totp_secret FROM account ORDER BY name"
                )
            ]

    def create(self, name: str, role: Role, password: str) -> Account:
        """Make an account. Raise BadConfig naming what does not fit."""
        if not NAME.fullmatch(name):
            raise BadConfig("2 to 32 of a-z, 0-9, '.', '_', '-', a letter first", where="name")
        self._refuse_weak(name, password)
        hashed = self._hasher.hash(password)
        try:
            with self._database.change() as rows:
                rows.execute("INSERT INTO account (name, role, password_hash) VALUES (?, ?, ?)", (name, role, hashed))
        except sqlite3.IntegrityError as error:
            raise BadConfig("there is an account of this name", where="name") from error
        return Account(name, role)

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its pause and its sessions end. Raise BadConfig when it does not fit."""
        self._refuse_weak(name, password)
        hashed = self._hasher.hash(password)
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
                raise BadConfig("is the last administrator, so nobody could let anybody in again", where=name)
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
            self._matches(self._nobody, password)
            return Refusal.WRONG
        if found.locked_until > now.timestamp():
            return Refusal.PAUSED
        if not self._matches(found.hashed, password) or not found.account.enabled:
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

    def _matches(self, hashed: str, password: str) -> bool:
        if len(password) > LONGEST_PASSWORD:
            return False
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _takes_code(self, name: str, secret: str, code: str, now: datetime) -> bool:
        step = _totp_step(secret, code, now)
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
            if failures > FREE_FAILURES:
                pause_s = min(FIRST_PAUSE_S * 2 ** min(failures - FREE_FAILURES - 1, 10), LONGEST_PAUSE_S)
                rows.execute("UPDATE account SET locked_until = ? WHERE name = ?", (now.timestamp() + pause_s, name))
        return Refusal.WRONG

    def _succeeded(self, name: str, password: str, hashed: str) -> None:
        if self._hasher.check_needs_rehash(hashed):
            hashed = self._hasher.hash(password)
        with self._database.change() as rows:
            rows.execute(
                "UPDATE account SET failures = 0, locked_until = 0, password_hash = ? WHERE name = ?", (hashed, name)
            )

    def _refuse_weak(self, name: str, password: str) -> None:
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise BadConfig(f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters", where="password")
        if name in password.lower() or len(set(password)) < 5:  # noqa: PLR2004  fewer different ones is a pattern
            raise BadConfig("is too easy to guess: contains the name, or the same few characters", where="password")


def _totp_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step that the code belongs to: this one or a neighbour (RFC 6238 5.2), or None."""
    totp = pyotp.TOTP(secret, interval=TOTP_STEP_S)
    current = int(now.timestamp()) // TOTP_STEP_S
    for step in (current, current - 1, current + 1):
        if totp.verify(code, for_time=step * TOTP_STEP_S):
            return step
    return None
