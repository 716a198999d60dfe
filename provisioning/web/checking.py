"""Whether somebody is who they say: the one order in which name, pause, password and code are looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from provisioning.web.passwords import Hashes, pause_s, totp_step
from provisioning.web.people import Account, Refusal


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one person for signing in."""

    account: Account
    hashed: str | None = field(repr=False)
    """None: no password was chosen yet."""
    secret: str | None = field(repr=False)
    """Of the second factor, Base32."""
    locked_until: datetime | None


class Ledger(Protocol):
    """Where it is kept. Each verb is whole by itself, also where several programs use it."""

    def kept(self, name: str) -> Kept | None:
        """Return what is kept of somebody; None: there is no such account."""

    def failed(self, name: str) -> int:
        """Count a failure; return how many there were in a row."""

    def lock(self, name: str, until: datetime) -> None:
        """Let nobody in under this name until then."""

    def take_step(self, name: str, step: int) -> bool:
        """Note that the code of a time step was used; False when it or a later one was used before."""

    def succeeded(self, name: str, hashed: str) -> None:
        """Forget failures, and keep this hash from now on."""


def check(ledger: Ledger, hashes: Hashes, name: str, password: str, code: str, *, now: datetime) -> Account | Refusal:
    """Return the account if all that was given is right. Each failure counts, also the one with a wrong code."""
    found = ledger.kept(name)
    if found is not None and found.locked_until is not None and found.locked_until > now:
        return Refusal.PAUSED
    fits = hashes.fits(None if found is None else found.hashed, password)
    if found is None:
        return Refusal.WRONG
    if not fits or found.hashed is None or not found.account.enabled:
        return _failed(ledger, name, now)
    if found.secret is not None:
        if not code:
            return Refusal.CODE_MISSING
        step = totp_step(found.secret, code, now)
        # A code seen over somebody's shoulder is worth nothing: each one counts once.
        if step is None or not ledger.take_step(name, step):
            return _failed(ledger, name, now)
    ledger.succeeded(name, hashes.renewed(found.hashed, password))
    return found.account


def _failed(ledger: Ledger, name: str, now: datetime) -> Refusal:
    if pause := pause_s(ledger.failed(name)):
        ledger.lock(name, now + timedelta(seconds=pause))
    return Refusal.WRONG
