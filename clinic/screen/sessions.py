"""Who is signed in. The browser holds a random token, the database only its digest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from clinic.screen.accounts import Role
from clinic.screen.database import Database
from provisioning.web.people import IDLE_S, LONGEST_S, TOKEN_BYTES, TOUCH_S, Account, Session, token_digest


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
            rows.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?)", (token_digest(token), account.name, csrf, at, at)
            )
        return token

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the session of a token while it lasts and its account may sign in."""
        at = now.timestamp()
        with self._database.look() as rows:
            row = rows.execute(
                "SELECT account, role, totp_secret IS NOT NULL, csrf, used FROM session"
                " JOIN account ON account.name = session.account"
                " WHERE token_digest = ? AND enabled AND began >= ? AND used >= ?",
                (token_digest(token), at - LONGEST_S, at - IDLE_S),
            ).fetchone()
        if row is None:
            return None
        name, role, second_factor, csrf, used = row
        if at - used > TOUCH_S:
            with self._database.change() as rows:
                rows.execute("UPDATE session SET used = ? WHERE token_digest = ?", (at, token_digest(token)))
        return Session(Account(name, Role(role), second_factor=bool(second_factor)), csrf)

    def end(self, token: str) -> None:
        """Sign out."""
        with self._database.change() as rows:
            rows.execute("DELETE FROM session WHERE token_digest = ?", (token_digest(token),))
