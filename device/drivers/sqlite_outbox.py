"""The outbox in an SQLite file. A message that `add` returned is on the disk, and its number is never given again.

What is kept is encrypted (AES-256-GCM, bound to its number and id) under a key in a file of its own beside it. A reader
of the base alone learns nothing, and a message that was changed on the disk is found out instead of signed and sent.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason
from device.ports.line import Kept
from device.whole_file import PRIVATE, put_whole

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_Row = tuple[int, str, bytes]

DEFAULT_LIMIT = 25_000
"""Some weeks of a busy clinic; at 10 kB a result the file stays near 250 MB."""

_APPLICATION_ID = 0x554B_4F42
"""Says "an outbox of ours" in the file's header ("UKOB")."""
_SCHEMA_VERSION = 2
_KEY_BYTES = 32
_NONCE_BYTES = 12
_BUSY_S = 5.0
_CHECKPOINT_PAGES = 4_000
"""Some hundred results, 16 MB: each checkpoint waits for the disk three times more."""
_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_IS_DAMAGED = "the file is damaged; move it away, the unit then starts an empty one"
_FILES = ("", "-wal", "-shm", ".key")

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE waiting (
    sequence   INTEGER PRIMARY KEY,
    message_id TEXT    NOT NULL UNIQUE,
    payload    BLOB    NOT NULL
) STRICT;
-- What does not decrypt: kept for whoever can tell why, and out of the way of the others.
CREATE TABLE unreadable (
    sequence   INTEGER PRIMARY KEY,
    message_id TEXT    NOT NULL,
    payload    BLOB    NOT NULL
) STRICT;
-- The counter is a row of its own: it outlives the messages that it numbered.
CREATE TABLE counter (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    last_sequence INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES (1, 0);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_SCHEMA_VERSION};
COMMIT;
"""  # noqa: S608  two constants of ours, no input


class SqliteOutbox:
    """An `Outbox` in the file `path`, for at most `limit` messages. Any thread may call."""

    def __init__(self, path: Path, limit: int = DEFAULT_LIMIT) -> None:
        """Open or make the file and its key (`<path>.key`).

        Raise Fault(OUTBOX_FAULT) for a file that is damaged, foreign, without its key, or cannot be written.
        """
        self._path = path
        self._limit = limit
        self._lock = threading.Lock()
        with self._faults():
            _make_private(path)
            self._database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            with self._faults():
                self._prepare()
                self._cipher = AESGCM(self._key())
        except Fault:
            self._database.close()
            raise

    def add(self, message_id: str, seal: Callable[[int], bytes]) -> Kept:
        """Keep one message; the number and the message reach the disk together or not at all.

        A message that is already kept is not kept twice. Raise Fault(OUTBOX_FAULT) when the outbox is full.
        """
        with self._transaction() as database:
            if (known := self._find(database, message_id)) is not None:
                return known
            (last,) = database.execute("SELECT last_sequence FROM counter").fetchone()
            (oldest,) = database.execute("SELECT min(sequence) FROM waiting").fetchone()
            # Counting reads the whole index; there cannot be more than there are numbers since the oldest.
            if oldest is not None and last + 1 - oldest >= self._limit:
                (count,) = database.execute("SELECT count(*) FROM waiting").fetchone()
                if count >= self._limit:
                    raise self._fault(f"the outbox is full: {count} results wait for the clinic's receipt")
            kept = Kept(last + 1, message_id, seal(last + 1))
            database.execute("UPDATE counter SET last_sequence = ?", (kept.sequence,))
            database.execute("INSERT INTO waiting VALUES (?, ?, ?)", (kept.sequence, message_id, self._closed(kept)))
        return kept

    def waiting(self, limit: int) -> list[Kept]:
        """Return the oldest messages, by number.

        A message that was changed on the disk is put aside, and Fault(OUTBOX_FAULT) names it, once.
        """
        query = "SELECT sequence, message_id, payload FROM waiting ORDER BY sequence LIMIT ?"
        with self._lock, self._faults():
            rows = self._database.execute(query, (limit,)).fetchall()
        try:
            return [self._opened(row) for row in rows]
        except InvalidTag:
            damaged = [row for row in rows if not self._opens(row)]
        self._put_aside(damaged)
        numbers = ", ".join(str(sequence) for sequence, _, _ in damaged)
        raise self._fault(f"changed on the disk and put aside: result {numbers}")

    @property
    def depth(self) -> int:
        """Count them; an index is read, no message."""
        with self._lock, self._faults():
            (count,) = self._database.execute("SELECT count(*) FROM waiting").fetchone()
        return int(count)

    def settle(self, message_id: str, check: Callable[[Kept], None]) -> bool:
        """Delete one message, unless `check` raises on it: then it stays, and what was raised goes through.

        A power cut may bring it back: it is sent again then, under its number, and the clinic knows that number. Memory
        cards wear out by being waited for, so only `add` does. Raise Fault(OUTBOX_FAULT) for a message that was changed
        on the disk: `waiting` puts it aside.
        """
        with self._transaction(waits_for_disk=False) as database:
            if (kept := self._find(database, message_id)) is None:
                return False
            check(kept)
            database.execute("DELETE FROM waiting WHERE sequence = ?", (kept.sequence,))
        return True

    def close(self) -> None:
        """Close the file. Harmless when repeated; every other call is a Fault from now on."""
        with self._lock, self._faults():
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, database: sqlite3.Connection, message_id: str) -> Kept | None:
        query = "SELECT sequence, message_id, payload FROM waiting WHERE message_id = ?"
        row = database.execute(query, (message_id,)).fetchone()
        try:
            return None if row is None else self._opened(row)
        except InvalidTag as error:
            raise self._fault(f"changed on the disk: result {row[0]}") from error

    def _closed(self, kept: Kept) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, kept.payload, _place(kept.sequence, kept.message_id))

    def _opened(self, row: _Row) -> Kept:
        sequence, message_id, closed = row
        nonce, text = closed[:_NONCE_BYTES], closed[_NONCE_BYTES:]
        return Kept(sequence, message_id, self._cipher.decrypt(nonce, text, _place(sequence, message_id)))

    def _opens(self, row: _Row) -> bool:
        try:
            self._opened(row)
        except InvalidTag:
            return False
        return True

    def _put_aside(self, damaged: list[_Row]) -> None:
        with self._transaction() as database:
            database.executemany("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?)", damaged)
            database.executemany("DELETE FROM waiting WHERE sequence = ?", [row[:1] for row in damaged])

    def _key(self) -> bytes:
        """Return the key; make it where there is none and nothing waits that needs one."""
        file = self._path.with_name(f"{self._path.name}.key")
        if not file.exists():
            if self._database.execute("SELECT 1 FROM waiting").fetchone():
                raise self._damaged(f"its key {file.name} is gone: bring it back, or move this file away to start anew")
            put_whole(file, os.urandom(_KEY_BYTES), mode=PRIVATE)
        key = file.read_bytes()
        if len(key) != _KEY_BYTES:
            raise self._damaged(f"{file.name} is no key of {_KEY_BYTES} bytes")
        return key

    def _prepare(self) -> None:
        application_id, version = self._pragma("application_id"), self._pragma("user_version")
        if (application_id, version) == (0, 0) and self._is_empty():
            self._database.executescript(_SCHEMA)
        elif application_id != _APPLICATION_ID:
            raise self._damaged("this file belongs to another program; name another file or move it away")
        elif version != _SCHEMA_VERSION:
            raise self._fault(f"written by another version (schema {version}, this program knows {_SCHEMA_VERSION})")
        elif (verdict := self._pragma("quick_check(1)")) != "ok":
            raise self._damaged(f"{_IS_DAMAGED} ({verdict})")
        if (mode := self._pragma("journal_mode = WAL")) != "wal":
            raise self._fault(f"the file system allows no write-ahead log (journal mode {mode})")
        # FULL: each commit waits for the disk. NORMAL would lose the last results in a power cut.
        self._pragma("synchronous = FULL")
        # What was settled is overwritten, not only unlinked.
        self._pragma("secure_delete = ON")
        self._pragma(f"wal_autocheckpoint = {_CHECKPOINT_PAGES}")

    def _pragma(self, words: str) -> object:
        with closing(self._database.execute(f"PRAGMA {words}")) as cursor:
            row = cursor.fetchone()
        return None if row is None else row[0]

    def _is_empty(self) -> bool:
        (things,) = self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return bool(things == 0)

    @contextmanager
    def _transaction(self, *, waits_for_disk: bool = True) -> Iterator[sqlite3.Connection]:
        with self._lock, self._faults():
            if not waits_for_disk:
                self._pragma("synchronous = NORMAL")
            try:
                self._database.execute("BEGIN IMMEDIATE")
                # Commits, or takes everything back when anything was raised.
                with self._database:
                    yield self._database
            finally:
                if not waits_for_disk:
                    self._pragma("synchronous = FULL")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            damaged = getattr(error, "sqlite_errorname", "").startswith(_DAMAGED)
            raise (self._damaged if damaged else self._fault)(_in_words(error)) from error

    def _damaged(self, message: str) -> Fault:
        return Fault(
            f"{self._path}: {message}", part="outbox", reason=Reason.OUTBOX_FAULT, finding=FindingCode.OUTBOX_DAMAGED
        )

    def _fault(self, message: str) -> Fault:
        return Fault(f"{self._path}: {message}", part="outbox", reason=Reason.OUTBOX_FAULT)


def set_aside(path: Path) -> Path:
    """Move a damaged outbox out of the way, with all that belongs to it; return its new name. Raise OSError."""
    number = next(number for number in count(1) if not path.with_name(f"{path.name}.damaged-{number}").exists())
    aside = path.with_name(f"{path.name}.damaged-{number}")
    for end in _FILES:
        belongs = path.with_name(path.name + end)
        if belongs.exists():
            belongs.rename(aside.with_name(aside.name + end))
    return aside


def _place(sequence: int, message_id: str) -> bytes:
    return f"{sequence}:{message_id}".encode()


def _make_private(path: Path) -> None:
    # SQLite gives its -wal and -shm files the permissions of this one.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _in_words(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    match getattr(error, "sqlite_errorname", ""):
        case "SQLITE_FULL":
            return "the disk is full"
        case "SQLITE_NOTADB":
            return "this is no database; name another file or move it away"
        case name if name.startswith("SQLITE_CORRUPT"):
            return _IS_DAMAGED
        case name if name.startswith("SQLITE_BUSY"):
            return f"another program has held the file for {_BUSY_S:.0f} s"
        case _:
            return f"the disk refuses ({error})"
