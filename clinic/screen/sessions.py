"""Who is signed in. The browser holds a random token, the database only its digest."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from clinic.screen.accounts import Account, Role
from clinic.screen.database import Database

TOKEN_BYTES: Final = 32
LONGEST_S: Final = 12 * 3600.0
"""A working day; then everybody signs in again (OWASP session management: absolute time-out)."""
IDLE_S: Final = 2 * 3600.0
"""Without a click or an open page."""
TOUCH_S: Final = 60.0
"""A use is written down at most this often: a page that updates itself must not wear the disk."""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person on one browser."""

    account: Account
    csrf: str = field(repr=False)


class Sessions:
    """The open sessions."""

    def __init__(self, database: Database, token: Callable[[int], bytes]) -> None:
        self._database = database
        self._token = token

    def begin(self, account: Account, now: datetime) -> str:
        """Return the token of a new session, to be put into the browser's cookie."""
        token, csrf = self._token(TOKEN_BYTES).hex(), self._token(TOKEN_BYTES).hex()
        at = now.timestamp()
        with self._database.change() as rows:
            rows.execute("DELETE FROM session WHERE began < ? OR used < ?", (at - LONGEST_S, at - IDLE_S))
            rows.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", (_digest(token), account.name, csrf, at, at))
        return token

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the session of a token while it lasts and its account may sign in."""
        at = now.timestamp()
        with self._database.look() as rows:
            row = rows.execute(
                "SELECT account, role, totp_secret IS NOT NULL, csrf, used FROM session"
                " JOIN account ON account.name = session.account"
                " WHERE token_digest = ? AND enabled AND began >= ? AND used >= ?",
                (_digest(token), at - LONGEST_S, at - IDLE_S),
            ).fetchone()
        if row is None:
            return None
        name, role, second_factor, csrf, used = row
        if at - used > TOUCH_S:
            with self._database.change() as rows:
                rows.execute("UPDATE session SET used = ? WHERE token_digest = ?", (at, _digest(token)))
        return Session(Account(name, Role(role), second_factor=bool(second_factor)), csrf)

    def end(self, token: str) -> None:
        """Sign out."""
        with self._database.change() as rows:
            rows.execute("DELETE FROM session WHERE token_digest = ?", (_digest(token),))


def is_of(session: Session, csrf: str) -> bool:
    """Tell whether a form came from a page that this session was shown."""
    return hmac.compare_digest(session.csrf.encode(), csrf.encode())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
