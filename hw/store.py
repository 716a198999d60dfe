"""Where a station keeps its records: one SQLite file, the signed documents as they are and their figures to ask for."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from device.wire.texts import Text
from hw.errors import BenchError
from hw.record import Record

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY, serial TEXT NOT NULL, board TEXT NOT NULL, plan TEXT NOT NULL, verdict TEXT NOT NULL,
    why TEXT NOT NULL, station TEXT NOT NULL, tester TEXT NOT NULL, rig TEXT NOT NULL, simulated INTEGER NOT NULL,
    started TEXT NOT NULL, ended TEXT NOT NULL, signed BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS records_of_a_unit ON records (serial, ended);
CREATE TABLE IF NOT EXISTS measurements (
    record TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE, phase TEXT NOT NULL, name TEXT NOT NULL,
    value REAL, unit TEXT NOT NULL, uncertainty REAL, samples INTEGER NOT NULL, lower REAL, upper REAL,
    verdict TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (record, phase, name)
) STRICT;
"""
CSV_COLUMNS: Final = (
    "record", "serial", "plan", "station", "tester", "rig", "ended", "simulated", "program", "bench", "phase", "name",
    "value", "unit", "uncertainty", "samples", "lower", "upper", "verdict", "note",
)  # fmt: skip


class NotStored(BenchError):  # noqa: N818
    """The record could not be kept: a result that nobody can show later counts for nothing."""

    advice = Text(
        ja="試験台の記憶装置と権限を確かめ(空き容量も)、もう一度試験してください。保存できない結果は合格になりません。",
        en="Look at the station's disk (is it full?) and rights, and test again: what cannot be kept is no pass.",
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, as a list shows it."""

    id: str
    serial: str
    board: str
    plan: str
    verdict: str
    why: str
    tester: str
    ended: datetime


class RecordStore:
    """Records of one station. One thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raise NotStored where that cannot be."""
        self._path = path
        with _said(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA foreign_keys = ON")
            self._database.executescript(_SCHEMA)

    def keep(self, record: Record, signed: bytes) -> None:
        """Write a record down, in place of an earlier state of the same run. Raise NotStored."""
        row = (
            record.id, record.unit.serial, record.unit.board, record.plan, record.verdict, "; ".join(record.why),
            record.station, record.tester, record.rig.kind, int(record.unit.simulated), record.started.isoformat(),
            record.ended.isoformat(), signed,
        )  # fmt: skip
        figures = [
            (
                record.id, phase.name, each.name, each.value, each.unit, each.uncertainty, each.samples, each.lower,
                each.upper, each.verdict, each.note,
            )
            for phase in record.phases
            for each in phase.measurements
        ]  # fmt: skip
        with _said(self._path), self._database:
            self._database.execute("DELETE FROM records WHERE id = ?", (record.id,))
            self._database.execute(f"INSERT INTO records VALUES ({_marks(row)})", row)  # noqa: S608  marks alone
            if figures:
                self._database.executemany(
                    f"INSERT INTO measurements VALUES ({_marks(figures[0])})",  # noqa: S608  same
                    figures,
                )

    def entries(self, serial: str | None = None) -> list[Entry]:
        """Return what there is, of one unit or of all, the latest last."""
        rows = self._database.execute(
            "SELECT id, serial, board, plan, verdict, why, tester, ended FROM records"
            " WHERE ? IS NULL OR serial = ? ORDER BY ended, id",
            (serial, serial),
        )
        return [
            Entry(record, unit, board, plan, verdict, why, tester, datetime.fromisoformat(ended))
            for record, unit, board, plan, verdict, why, tester, ended in rows
        ]

    def signed(self, record: str) -> bytes:
        """Return the signed document of a record. Raise BenchError where there is none."""
        row = self._database.execute("SELECT signed FROM records WHERE id = ?", (record,)).fetchone()
        if row is None:
            raise BenchError(f"there is no record {record!r}")
        return bytes(row[0])

    def as_csv(self) -> str:
        """Return every figure of every record, one a line, for analysis elsewhere."""
        text = io.StringIO()
        writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.figures())
        return text.getvalue()

    def figures(self) -> list[dict[str, Any]]:
        """Return the same by CSV_COLUMNS."""
        figures = self._database.execute(
            "SELECT r.id, r.serial, r.plan, r.station, r.tester, r.rig, r.ended, r.simulated, m.phase, m.name, m.value,"
            " m.unit, m.uncertainty, m.samples, m.lower, m.upper, m.verdict, m.note"
            " FROM measurements m JOIN records r ON r.id = m.record ORDER BY r.ended, r.id, m.rowid"
        )
        versions = {
            record: _versions(signed) for record, signed in self._database.execute("SELECT id, signed FROM records")
        }
        place = CSV_COLUMNS.index("program")
        return [dict(zip(CSV_COLUMNS, (*row[:place], *versions[row[0]], *row[place:]), strict=True)) for row in figures]

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Unit(msgspec.Struct):
    versions: dict[str, str]


class _Versioned(msgspec.Struct):
    versions: dict[str, str]
    unit: _Unit


class _Signed(msgspec.Struct):
    """What is read of a signed document where only its versions are wanted."""

    record: _Versioned


def _versions(signed: bytes) -> tuple[str, str]:
    """Return the versions of the unit's program and of the bench."""
    record = msgspec.json.decode(signed, type=_Signed).record
    return record.unit.versions.get("program", ""), record.versions.get("bench", "")


def _marks(row: tuple[object, ...]) -> str:
    return ", ".join("?" * len(row))


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise NotStored(f"records cannot be kept in {path}: {why}") from error
