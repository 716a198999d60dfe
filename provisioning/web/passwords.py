"""What keeps strangers out: a rule for passwords, a slow hash, a growing pause, a second factor for who wants one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from device.wire.texts import Text
from provisioning.web.refusals import NotRightError

NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,31}")
SHORTEST_PASSWORD: Final = 12
"""Characters. NIST SP 800-63B-4 asks for 15 alone and 8 with a second factor; the growing pause lies between."""
LONGEST_PASSWORD: Final = 128
FREE_FAILURES: Final = 4
"""Slips of the finger that cost nothing."""
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 900.0
TOTP_STEP_S: Final = 30
_NAME_RULE: Final = Text(
    ja="利用者名は半角の英小文字で始まる2〜32文字です(a-z、0-9、.、_、-)。",
    en="2 to 32 of a-z, 0-9, '.', '_', '-', a letter first",
)
_LENGTH: Final = Text(ja="パスワードは{shortest}〜{longest}文字です。", en="{shortest} to {longest} characters")
_TOO_EASY: Final = Text(
    ja="推測されやすいパスワードです。利用者名を含むか、同じ文字が並んでいます。",
    en="is too easy to guess: contains the name, or the same few characters",
)


def check_name(name: str) -> None:
    """Raise NotRightError for a name that no account may have."""
    if not NAME.fullmatch(name):
        raise NotRightError(_NAME_RULE, where="name")


def check_password(name: str, password: str) -> None:
    """Raise NotRightError for a password that is too short, too long or too easy."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise NotRightError(_LENGTH, where="password", shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD)
    if name in password.lower() or len(set(password)) < 5:  # noqa: PLR2004  fewer different ones is a pattern
        raise NotRightError(_TOO_EASY, where="password")


class Hashes:
    """Makes and compares slow hashes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        # The library's defaults are RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes.
        self._hasher = hasher or PasswordHasher()
        # Somebody who guesses names shall wait as long as somebody who guesses passwords.
        self._nobody = self._hasher.hash("nobody has this password")

    def make(self, password: str) -> str:
        """Return a hash to keep."""
        return self._hasher.hash(password)

    def fits(self, hashed: str | None, password: str) -> bool:
        """Tell whether this is the password; None stands for somebody who has none, and takes as long."""
        if len(password) > LONGEST_PASSWORD:
            return False
        try:
            self._hasher.verify(hashed or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    def renewed(self, hashed: str, password: str) -> str:
        """Return the hash to keep from now on: another one where the parameters have changed."""
        return self._hasher.hash(password) if self._hasher.check_needs_rehash(hashed) else hashed


def pause_s(failures: int) -> float:
    """Return how long an account waits after so many failures in a row."""
    if failures <= FREE_FAILURES:
        return 0.0
    return min(FIRST_PAUSE_S * (1 << min(failures - FREE_FAILURES - 1, 10)), LONGEST_PAUSE_S)


def totp_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step that the code belongs to: this one or a neighbour (RFC 6238 5.2), or None."""
    totp = pyotp.TOTP(secret, interval=TOTP_STEP_S)
    current = int(now.timestamp()) // TOTP_STEP_S
    for step in (current, current - 1, current + 1):
        if totp.verify(code, for_time=step * TOTP_STEP_S):
            return step
    return None
