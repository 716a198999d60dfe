"""Where figures come from: a station's folder, signed documents, or a table in CSV with the columns of `csv`."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from joserfc.jwk import ECKey

from device.domain.errors import MessageError
from device.wire.bench_record import read_signed
from hw.record import Record
from hw.study.errors import CannotStudy
from hw.study.figures import Figure

NEEDED: Final = ("serial", "name", "value")
VERSION: Final = "version."
"""A column of this beginning holds a version of the unit: `version.program`."""


def figures_of(paths: Sequence[Path], keys: Mapping[str, ECKey]) -> list[Figure]:
    """Return every figure that was measured. Raise CannotStudy naming file, row and column.

    `keys` are the stations that signed documents may come from; a station's folder brings its own.
    """
    found = [figure for path in paths for figure in _read(path, keys)]
    if not found:
        raise CannotStudy(f"no measured figure in {', '.join(str(path) for path in paths)}")
    return found


def read_keys(words: Sequence[str]) -> dict[str, ECKey]:
    """Read `station=file.pem`, the public keys of stations. Raise CannotStudy."""
    keys = {}
    for each in words:
        station, equals, path = each.partition("=")
        if not equals or not station:
            raise CannotStudy(f"{each!r}: a key is given as STATION=FILE")
        try:
            keys[station] = ECKey.import_key(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            raise CannotStudy(f"{path}: is no public key: {error}") from error
    return keys


def _read(path: Path, keys: Mapping[str, ECKey]) -> Iterator[Figure]:
    try:
        if path.is_dir():
            yield from _of_station(path)
        elif path.suffix == ".csv":
            yield from _of_table(path)
        elif path.suffix == ".json":
            yield from _of_document(path.read_bytes(), keys, path.name)
        else:
            raise CannotStudy(f"{path}: neither a station's folder nor a .csv nor a signed .json")
    except OSError as error:
        raise CannotStudy(f"{path}: cannot be read: {error.strerror}") from error


def _of_station(folder: Path) -> Iterator[Figure]:
    from hw.station.files import Station  # noqa: PLC0415  a table in CSV needs no station

    if not (folder / "records.sqlite").exists():
        raise CannotStudy(f"{folder}: is no station's folder, it has no records.sqlite")
    station = Station(folder)
    with station.store() as store:
        for entry in store.entries():
            yield from _of_document(store.signed(entry.id), station.known_keys(), f"record {entry.id[:8]}")


def _of_document(document: bytes, keys: Mapping[str, ECKey], where: str) -> Iterator[Figure]:
    try:
        record = msgspec.json.decode(read_signed(document, keys), type=Record)
    except (MessageError, msgspec.DecodeError) as error:
        raise CannotStudy(f"{where}: {error}") from error
    for each in record.measurements():
        if each.value is not None:
            yield Figure(
                name=each.name,
                value=each.value,
                serial=record.unit.serial,
                where=where,
                unit=each.unit,
                tester=record.tester,
                station=record.station,
                ended=record.ended,
                lower=each.lower,
                upper=each.upper,
                simulated=record.unit.simulated,
                versions=record.unit.versions,
            )


def _of_table(path: Path) -> Iterator[Figure]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotStudy(f"{path.name}: is not UTF-8: {error}") from error
    rows = csv.DictReader(text.splitlines(), restkey="", strict=True)
    missing = [column for column in NEEDED if column not in (rows.fieldnames or ())]
    if missing:
        raise CannotStudy(f"{path.name}, row 1: column {missing[0]!r} is missing")
    try:
        for row in rows:
            if "" in row:
                raise CannotStudy(f"{path.name}, row {rows.line_num}: more fields than columns")
            if (row["value"] or "").strip():
                yield _of_row(row, f"{path.name}, row {rows.line_num}")
    except csv.Error as error:
        raise CannotStudy(f"{path.name}, row {rows.line_num}: {error}") from error


def _of_row(row: Mapping[str, str | None], where: str) -> Figure:
    words = {column: (word or "").strip() for column, word in row.items()}

    def number(column: str) -> float | None:
        if not (word := words.get(column, "")):
            return None
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise CannotStudy(f"{where}, column {column!r}: {word!r} is no number")
        return value

    for column in ("serial", "name"):
        if not words[column]:
            raise CannotStudy(f"{where}, column {column!r}: is empty")
    value = number("value")
    assert value is not None  # noqa: S101  the caller saw that something stands there
    return Figure(
        name=words["name"],
        value=value,
        serial=words["serial"],
        where=where,
        unit=words.get("unit", ""),
        tester=words.get("tester", ""),
        station=words.get("station", ""),
        ended=_moment(words.get("ended", ""), where),
        lower=number("lower"),
        upper=number("upper"),
        simulated=words.get("simulated", "") not in {"", "0"},
        versions={name.removeprefix(VERSION): word for name, word in words.items() if name.startswith(VERSION)},
    )


def _moment(word: str, where: str) -> datetime | None:
    if not word:
        return None
    try:
        return datetime.fromisoformat(word).astimezone()
    except ValueError:
        raise CannotStudy(f"{where}, column 'ended': {word!r} is no time, such as 2026-04-06T09:30:00+09:00") from None
