"""The store's file: its tables, how it is opened, and that only one process has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

from clinic import sequences
from device.domain.errors import BadConfig

PRIVATE = 0o600
"""The file names people."""

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0

SCHEMA = f"""
CREATE TABLE visits (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    reception TEXT NOT NULL,
    day TEXT NOT NULL,
    person TEXT,
    record BLOB NOT NULL,
    attended_at TEXT,
    attended_by TEXT
) STRICT;
CREATE INDEX visits_by_day ON visits (day);
CREATE INDEX visits_by_reception ON visits (reception);
CREATE INDEX visits_by_person ON visits (person) WHERE person IS NOT NULL;
CREATE TABLE late_answers (
    reception TEXT PRIMARY KEY,
    answer BLOB NOT NULL,
    accepted_at TEXT,
    accepted_by TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE feed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    visit INTEGER NOT NULL REFERENCES visits (number) ON DELETE CASCADE
) STRICT;
CREATE TABLE set_aside (
    message_id TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    at TEXT NOT NULL,
    why TEXT NOT NULL,
    jws TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE pending (
    reception TEXT PRIMARY KEY,
    asked_at TEXT NOT NULL,
    pending BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE disaster_modes (
    began_at TEXT PRIMARY KEY,
    until TEXT NOT NULL,
    reason TEXT NOT NULL,
    began_by TEXT NOT NULL,
    ended_at TEXT,
    ended_by TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE followers (name TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
{sequences.SCHEMA}
PRAGMA user_version = {SCHEMA_VERSION};
"""


def hold(path: Path) -> int:
    """Hold the store for this process; return the handle to close. Raise BadConfig when another one holds it."""
    # A file of its own: closing a second handle on the base would drop SQLite's own locks.
    lock = path.with_name(path.name + ".lock")
    holder = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(holder)
        raise BadConfig("another process uses this store", where=str(path)) from error
    return holder


def connect(path: Path) -> sqlite3.Connection:
    """Open the base, with its tables. Raise BadConfig for a file of another kind or version."""
    try:
        base = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            _prepare(base, path)
        except BaseException:
            base.close()
            raise
    except sqlite3.Error as error:
        raise BadConfig(f"not a store of ours: {error}", where=str(path)) from error
    return base


def _prepare(base: sqlite3.Connection, path: Path) -> None:
    version: int = base.execute("PRAGMA user_version").fetchone()[0]
    if version not in {0, SCHEMA_VERSION}:
        raise BadConfig(f"a store of version {version}, this program reads {SCHEMA_VERSION}", where=str(path))
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("PRAGMA foreign_keys = ON")
    # What is deleted is overwritten: it names people.
    base.execute("PRAGMA secure_delete = ON")
    if version == 0:
        base.executescript(f"BEGIN; {SCHEMA} COMMIT;")


def look(path: Path) -> sqlite3.Connection:
    """Open a base that is there for looking only. Raise BadConfig where there is none of ours."""
    try:
        base = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        base.execute("SELECT 1 FROM visits LIMIT 1")
    except sqlite3.Error as error:
        raise BadConfig(f"not a store of ours: {error}", where=str(path)) from error
    return base


def read_records(path: Path) -> list[bytes]:
    """Return every visit as JSON (`VisitRecord`), the oldest first, beside the process that holds the store.

    For spectators and diagnostics; an absent store has no visits.
    """
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)) as base:
        try:
            return [row[0] for row in base.execute("SELECT record FROM visits ORDER BY number")]
        except sqlite3.OperationalError:
            return []  # made a moment ago, and still without its tables
