"""Attendants' passcodes: kept as argon2id hashes, tried seldom, and good for one visit only.

There is no attendant mode that somebody could forget to leave: a passcode opens the attendant's check of the visit
that is going on, and nothing else.

As a card does with a PIN, a try is counted before it is looked at, and on the disk: pulling the plug gives none back.
Which passcode it was is kept nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from device.app.mailbox import Mailbox
from device.app.workers import Lane, Workers
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.domain.secrets import PASSCODE_LENGTHS, Passcode
from device.domain.values import ReceptionId
from device.ports.clock import Clock
from device.ports.tally import Tally
from device.reception import events as on
from device.reception.events import Event

FREE_TRIES = 5
"""As many wrong ones as anybody may type in a row."""
FIRST_LOCK_S = 30.0
LONGEST_LOCK_S = 900.0

# OWASP's smallest recommendation for argon2id: 19 MiB and two passes, some 50 ms on a small machine. A six-digit code
# is weak against whoever copies the hash; the throttle is what protects it at the keypad.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

log = logging.getLogger(__name__)


def hash_passcode(passcode: Passcode) -> str:
    """Return what the configuration keeps in place of the passcode, and wipe it."""
    try:
        return _HASHER.hash(bytes(passcode.reveal()))
    finally:
        passcode.wipe()


class AttendantGate:
    """Says whose passcode was typed. Checks run on a lane of their own: a hash is slow on purpose."""

    def __init__(
        self, hashes: Mapping[str, str], *, tally: Tally, workers: Workers, mailbox: Mailbox, clock: Clock
    ) -> None:
        """`hashes` are those of `hash_passcode` by attendant's name; `tally` counts the tries in a row that failed.

        Raise BadConfig for a hash that is none.
        """
        for name, kept in hashes.items():
            try:
                _HASHER.check_needs_rehash(kept)
            except InvalidHashError as error:
                raise BadConfig(
                    "is no hash; `uketsuke attendant hash` makes one", where=f"[attendants] {name}"
                ) from error
        self._hashes = dict(hashes)
        self._workers = workers
        self._mailbox = mailbox
        self._clock = clock
        self._tally = tally
        count = tally.read()
        # Who cannot tell how many there were waits once, as after too many.
        self._refused = FREE_TRIES if count is None else count
        self._locked_until_s = 0.0
        self._lock_after_too_many()

    def check(self, reception: ReceptionId, passcode: Passcode, admit: Callable[[str], ReceptionId]) -> None:
        """Check it. → AttendantAdmitted, AttendantRefused.

        `admit` is told whose it is, on the mailbox's thread, and says what a new visit would be called.
        """

        def job() -> None:
            try:
                verdict = self._verdict(passcode)
            finally:
                passcode.wipe()

            def news() -> Event:
                if isinstance(verdict, Reason):
                    return on.AttendantRefused(reception, verdict)
                log.info("attendant %s opened the check of a visit", verdict)
                return on.AttendantAdmitted(reception, admit(verdict))

            self._mailbox.post(news)

        self._workers.submit(Lane.GATE, job)

    def _verdict(self, passcode: Passcode) -> str | Reason:
        """Return whose it is, or why nobody is admitted. Where nothing can be counted, nothing is looked at."""
        if self._clock.monotonic_s() < self._locked_until_s:
            return Reason.PASSCODE_LOCKED
        try:
            self._tally.keep(self._refused + 1)
        except Fault as fault:
            log.error("no passcode is taken: %s", fault)  # noqa: TRY400  the fault's sentence is what a technician needs
            return Reason.PASSCODE_LOCKED
        name = self._whose(passcode)
        if name is None:
            self._refused += 1
            self._lock_after_too_many()
            return Reason.PASSCODE_REFUSED
        self._refused = 0
        try:
            self._tally.keep(0)
        except Fault as fault:
            log.warning("one passcode too many stays counted: %s", fault)
        return name

    def _whose(self, passcode: Passcode) -> str | None:
        """Return whose it is. Every hash is tried, so that the time tells nothing."""
        typed = bytes(passcode.reveal())
        found = [name for name, kept in self._hashes.items() if _fits(kept, typed)]
        return found[0] if found else None

    def _lock_after_too_many(self) -> None:
        if self._refused >= FREE_TRIES:
            lock_s = min(LONGEST_LOCK_S, FIRST_LOCK_S * 2.0 ** min(10, self._refused - FREE_TRIES))
            self._locked_until_s = self._clock.monotonic_s() + lock_s
            log.warning("%d passcodes in a row did not fit; none is taken for %.0f s", self._refused, lock_s)


def _fits(kept: str, typed: bytes) -> bool:
    try:
        return _HASHER.verify(kept, typed)
    except VerificationError:
        return False


def passcode_of(typed: str) -> Passcode:
    """Return what somebody typed as a passcode. Raise BadConfig saying what one is."""
    try:
        return Passcode(typed.encode())
    except ValueError as error:
        raise BadConfig(
            f"is {PASSCODE_LENGTHS[0]} to {PASSCODE_LENGTHS[-1]} digits, as the keypad has them", where="passcode"
        ) from error
