"""Opens a store, by URL: `sqlite:///fleet.sqlite` or `postgresql://user@host/name` (psycopg 3)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from provisioning.fleet.store.audit import ANCHOR
from provisioning.fleet.store.tables import AUDIT_HEAD, META, METADATA, SCHEMA_VERSION
from provisioning.fleet.store.transaction import Transaction

BUSY_TIMEOUT_S = 15.0
PRIVATE = 0o600

_SCHEMA = META.c.key == "schema"
_LACKS_TABLES = frozenset({"1", "2"})
"""Versions that differ from the present one by tables that they do not have, and by nothing else."""

STORE = "store"
"""The part that a Fault names when the base is away."""

_LOOKS = "uketsuke_looks"
"""A connection's option: it only reads."""

SYSTEM = "fleet-service"
"""Who acts when no person does."""


class FleetStore:
    """One fleet's facts. For several threads and, with either base, for several processes."""

    def __init__(self, url: str, *, audit_key: bytes, create: bool = False) -> None:
        """Open the store at `url`; with `create`, make its tables where there are none.

        Raise BadConfig for an address or a base that is not ours, Fault (part `store`) when it does not answer.
        """
        self._audit_key = audit_key
        self._watcher: Connection | None = None
        self._engine = _engine(url)
        try:
            self._prepare(url, create=create)
        except SQLAlchemyError as error:
            self.close()
            raise BadConfig(f"the fleet's store cannot be used: {_words(error)}", where=_shown(url)) from error
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def begin(self, now: datetime, *, actor: str = SYSTEM) -> Iterator[Transaction]:
        """Begin a transaction of `actor` at `now`: all of it is kept when the block ends, nothing when it raises.

        Raise Fault: of the part `store` when the base does not answer or is busy, of `data` when it cannot keep this.
        """
        try:
            with self._engine.begin() as connection:
                work = Transaction(connection, now=now, actor=actor, audit_key=self._audit_key)
                yield work
                work.finish()
        except SQLAlchemyError as error:
            raise _fault(error) from error

    @contextlib.contextmanager
    def look(self, now: datetime) -> Iterator[Transaction]:
        """Begin a transaction that only reads: it holds up nobody who writes. Raise Fault as `begin` does."""
        try:
            with self._engine.connect().execution_options(**{_LOOKS: True}) as connection, connection.begin():
                yield Transaction(connection, now=now, actor=SYSTEM, audit_key=self._audit_key)
        except SQLAlchemyError as error:
            raise _fault(error) from error

    def pulse(self) -> str:
        """Return a word that is another one as soon as anybody has changed anything. Raise Fault as `begin` does."""
        asked = "PRAGMA data_version" if self.dialect == "sqlite" else "SELECT pg_current_snapshot()::text"
        try:
            if self._watcher is None:
                # SQLite's word is one connection's own: it changes when another one has written.
                self._watcher = self._engine.connect().execution_options(**{_LOOKS: True})
            word = str(self._watcher.exec_driver_sql(asked).scalar_one())
            self._watcher.rollback()
        except SQLAlchemyError as error:
            self._watcher = None
            raise _fault(error) from error
        return word

    def close(self) -> None:
        """Let go of every connection."""
        if self._watcher is not None:
            self._watcher.close()
        self._engine.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    def _prepare(self, url: str, *, create: bool) -> None:
        with self._engine.begin() as base:
            there = self._engine.dialect.has_table(base, META.name)
            if not there and not create:
                raise BadConfig("there is no fleet's store here: `uketsuke-fleet init` makes one", where=_shown(url))
            if not there:
                METADATA.create_all(base)
                base.execute(insert(META).values(key="schema", value=str(SCHEMA_VERSION)))
                base.execute(insert(AUDIT_HEAD).values(one=1, number=0, link=ANCHOR))
            # Locked, because two programs may open it at once after an update.
            version = base.execute(select(META.c.value).where(_SCHEMA).with_for_update()).scalar_one()
            if version in _LACKS_TABLES:
                METADATA.create_all(base)
                base.exec_driver_sql("DROP TABLE IF EXISTS admins")  # of earlier versions; nobody was ever in it
                base.execute(update(META).where(_SCHEMA).values(value=str(SCHEMA_VERSION)))
                version = str(SCHEMA_VERSION)
        if version != str(SCHEMA_VERSION):
            raise BadConfig(f"a store of version {version}, this program reads {SCHEMA_VERSION}", where=_shown(url))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadConfig("is no address of a store", where="[store] url") from error
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            # Each connection would have a base of its own.
            raise BadConfig("needs the path of a file", where="[store] url")
        _make_private(Path(parsed.database))
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S})
        event.listen(engine, "connect", _on_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.get_backend_name() == "postgresql":
        try:
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        except ImportError as error:
            raise BadConfig("needs psycopg: pip install 'uketsuke[fleet]'", where="[store] url") from error
    raise BadConfig("is neither sqlite:///FILE nor postgresql://…", where="[store] url")


def _make_private(path: Path) -> None:
    try:
        path.touch(mode=PRIVATE)
    except OSError as error:
        raise BadConfig(f"cannot be opened: {error.strerror}", where=str(path)) from error


def _on_sqlite(base: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401  SQLAlchemy's signature
    # The driver would begin transactions by itself, and only when it writes: two that read first would then collide.
    base.isolation_level = None
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(base: Connection) -> None:
    # Who writes says so at the beginning, so that two never collide half-way; who looks holds up nobody.
    base.exec_driver_sql("BEGIN" if base.get_execution_options().get(_LOOKS) else "BEGIN IMMEDIATE")


def _fault(error: SQLAlchemyError) -> Fault:
    away = isinstance(error, (OperationalError, InterfaceError, PoolTimeout))
    return Fault(f"the fleet's store: {_words(error)}", part=STORE if away else "data", reason=Reason.INTERNAL_FAULT)


def _words(error: SQLAlchemyError) -> str:
    # The statement and its values stay out of it: they fill the screen and may hold what is nobody's business.
    cause = getattr(error, "orig", None)
    return " ".join(str(cause or type(error).__name__).split())[:300]


def _shown(url: str) -> str:
    with contextlib.suppress(ArgumentError):
        return make_url(url).render_as_string(hide_password=True)
    return "[store] url"
