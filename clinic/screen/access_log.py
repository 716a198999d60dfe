"""Who saw and did what, in a chain: each entry's code covers the entry before it.

The codes are made with a key that lies in a file of its own, so who can write the database alone can alter nothing
unnoticed. An end that was cut off shows by comparing with a head noted elsewhere: the service prints the day's head
to its log, and `uketsuke-clinic screen log --head` takes one. Who holds the key as well can forge all of it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from clinic.screen.database import PRIVATE, Database
from device.domain.errors import BadConfig

KEY_BYTES: Final = 32
BEGINNING: Final = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `about` is the id of a row, never a name."""

    number: int
    at: str
    who: str
    what: str
    about: str


class LogAlteredError(Exception):
    """The chain is broken."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"entry {number}: {why}")
        self.number = number


class AccessLog:
    """The log, append-only."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def add(self, who: str, what: str, about: str, now: datetime) -> None:
        """Append an entry."""
        with self._database.change() as rows:
            number, before = _head(rows)
            entry = Entry(number + 1, now.isoformat(timespec="milliseconds"), who, what, about)
            rows.execute(
                "INSERT INTO access VALUES (?, ?, ?, ?, ?, ?)",
                (entry.number, entry.at, entry.who, entry.what, entry.about, self._mac(before, entry)),
            )

    def newest(self, count: int, before: int | None = None) -> list[Entry]:
        """Return up to `count` entries, newest first, older than the number `before`."""
        with self._database.look() as rows:
            return [
                Entry(*row)
                for row in rows.execute(
                    "SELECT number, at, who, what, about FROM access WHERE number < ? ORDER BY number DESC LIMIT ?",
                    (before if before is not None else 2**62, count),
                )
            ]

    def head(self) -> str:
        """Return number and code of the last entry: note it elsewhere, and a cut-off end will show."""
        with self._database.look() as rows:
            number, mac = _head(rows)
        return f"{number}:{mac.hex()}"

    def verify(self, head: str | None = None) -> int:
        """Return how many entries there are. Raise LogAlteredError at the first one that is not what was written.

        `head` is one noted earlier; raise BadConfig when it is none.
        """
        wanted = _parsed(head)
        count, mac = 0, BEGINNING
        for entry, stored in self._chain():
            count += 1
            if entry.number != count:
                raise LogAlteredError(count, "is missing")
            mac = self._mac(mac, entry)
            if not hmac.compare_digest(mac, stored):
                raise LogAlteredError(entry.number, "was altered")
            if wanted is not None and entry.number == wanted[0] and mac != wanted[1]:
                raise LogAlteredError(entry.number, "is another one than was noted")
        if wanted is not None and count < wanted[0]:
            raise LogAlteredError(count + 1, f"is missing, {wanted[0]} were noted")
        return count

    def _chain(self) -> Iterator[tuple[Entry, bytes]]:
        with self._database.look() as rows:
            for *fields, mac in rows.execute("SELECT number, at, who, what, about, mac FROM access ORDER BY number"):
                yield Entry(*fields), mac

    def _mac(self, before: bytes, entry: Entry) -> bytes:
        parts = (str(entry.number), entry.at, entry.who, entry.what, entry.about)
        # Lengths in front: "a" + "bc" must not sound like "ab" + "c".
        said = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
        return hmac.digest(self._key, before + said, hashlib.sha256)


def load_log_key(path: Path, token: bytes) -> bytes:
    """Return the key in `path`; where there is none, `token` becomes it. Raise BadConfig when that cannot be."""
    try:
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
            with os.fdopen(handle, "wb") as file:
                file.write(token)
                file.flush()
                os.fsync(file.fileno())
        key = path.read_bytes()
    except OSError as error:
        raise BadConfig(f"the key of the access log: {error.strerror}", where=str(path)) from error
    if len(key) != KEY_BYTES:
        raise BadConfig(f"the key of the access log has {len(key)} bytes instead of {KEY_BYTES}", where=str(path))
    return key


def _head(rows: sqlite3.Connection) -> tuple[int, bytes]:
    row = rows.execute("SELECT number, mac FROM access ORDER BY number DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, BEGINNING)


def _parsed(head: str | None) -> tuple[int, bytes] | None:
    if head is None:
        return None
    number, _, mac = head.partition(":")
    try:
        return int(number), bytes.fromhex(mac)
    except ValueError as error:
        raise BadConfig("is no head of an access log: NUMBER:HEX", where="--head") from error
