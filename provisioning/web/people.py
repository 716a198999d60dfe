"""Who signs in, and what pages ask of whoever keeps accounts and sessions."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

TOKEN_BYTES: Final = 32
LONGEST_S: Final = 12 * 3600.0
"""A working day; then everybody signs in again (OWASP session management: absolute time-out)."""
IDLE_S: Final = 2 * 3600.0
"""Without a click or an open page."""
TOUCH_S: Final = 60.0
"""A use is written down at most this often: a page that updates itself must not wear the disk."""


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
    role: str
    enabled: bool = True
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person on one browser."""

    account: Account
    csrf: str = field(repr=False)


class Accounts(Protocol):
    """Keeps the people who may sign in."""

    def known(self, name: str) -> bool:
        """Tell whether there is an account of this name."""

    def check(self, name: str, password: str, code: str, now: datetime) -> Account | Refusal:
        """Return the account if all that was given is right. Each failure counts, also the one with a wrong code."""

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; its pause and its sessions end. Raise BadConfig when it does not fit."""

    def set_second_factor(self, name: str, secret: str | None) -> None:
        """Ask for the code of this secret (Base32) from now on, or for none."""


class Sessions(Protocol):
    """Keeps who is signed in. The browser holds a random token; what is kept is its digest."""

    def begin(self, account: Account, now: datetime) -> str:
        """Return the token of a new session, to be put into the browser's cookie."""

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the session of a token while it lasts and its account may sign in."""

    def end(self, token: str) -> None:
        """Sign out."""


class Journal(Protocol):
    """Notes who did what."""

    def add(self, who: str, what: str, about: str, now: datetime) -> None:
        """Append an entry."""


def is_of(session: Session, csrf: str) -> bool:
    """Tell whether a form came from a page that this session was shown."""
    return hmac.compare_digest(session.csrf.encode(), csrf.encode())


def token_digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
