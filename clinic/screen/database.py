"""The screen's own SQLite file: accounts, sessions and the access log. Nothing about patients is in it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from device.domain.errors import BadConfig

PRIVATE = 0o600
VERSION = 1
SCHEMA = """
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret TEXT,
    totp_last_step INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until REAL NOT NULL DEFAULT 0,
    enabled INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE session (
    token_digest BLOB PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    began REAL NOT NULL,
    used REAL NOT NULL
) STRICT;
CREATE TABLE access (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    mac BLOB NOT NULL
) STRICT;
"""


class Database:
    """One connection, one writer at a time; every change is on disk when `change` ends."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, readable by its owner alone. Raise BadConfig when that cannot be."""
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE))
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except OSError as error:
            raise BadConfig(f"cannot be opened: {error.strerror}", where=str(path)) from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._prepare(path)
        except sqlite3.Error as error:
            self._connection.close()
            raise BadConfig(f"is no database of the screen: {error}", where=str(path)) from error
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for one transaction: all of it is kept, or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for reading."""
        with self._lock:
            yield self._connection

    def _prepare(self, path: Path) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT;")
        elif version != VERSION:
            raise BadConfig(f"has version {version}, this program knows {VERSION}", where=str(path))
