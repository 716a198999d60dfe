"""A stand-in for the national service: a small honest model in SQLite, seeded from a file of invented people.

It knows registrations, qualifications and certificates; it can be slow or away. Kept in a file,
its moods can be changed from outside while a gateway uses it (`uketsuke-clinic stand-in`).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from cryptography import x509

from clinic.national_service import HolderRef, InsuranceQuery, OnRecord, PersonQuery, Query, Standing
from clinic.people import Person
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

_SCHEMA = """
CREATE TABLE people (
    serial TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    registered INTEGER NOT NULL,
    person BLOB NOT NULL
) STRICT;
CREATE TABLE insured (
    insurer_number TEXT NOT NULL,
    symbol TEXT,
    number TEXT NOT NULL,
    branch TEXT,
    birthdate TEXT NOT NULL,
    kana TEXT,
    reference TEXT NOT NULL REFERENCES people (reference)
) STRICT;
CREATE INDEX insured_by_number ON insured (insurer_number, number, birthdate);
CREATE TABLE mood (outage INTEGER NOT NULL, latency_ms INTEGER NOT NULL) STRICT;
INSERT INTO mood VALUES (0, 0);
"""


@dataclass(frozen=True, slots=True)
class Mood:
    """How the service is today."""

    outage: bool = False
    latency_ms: int = 0


class StandInService:
    """Answers from its people. Several threads may ask, and each waits its own latency."""

    def __init__(
        self,
        people: Mapping[int, Person],
        *,
        path: Path | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Seed a new base with `people`; one that is there already keeps what it has. `path` None keeps it in memory.

        `wait` takes seconds. Raise BadConfig for a file that is none of ours.
        """
        self._wait = wait
        self._lock = threading.Lock()
        self._base = _open(path)
        try:
            self._seed(people)
        except sqlite3.Error as error:
            self._base.close()
            raise BadConfig(f"not a base of the stand-in: {error}", where=str(path)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the base."""
        self._base.close()

    @property
    def mood(self) -> Mood:
        """How it is today."""
        [(outage, latency_ms)] = self._rows("SELECT outage, latency_ms FROM mood")
        return Mood(bool(outage), int(str(latency_ms)))

    @mood.setter
    def mood(self, mood: Mood) -> None:
        self._rows("UPDATE mood SET outage = ?, latency_ms = ?", int(mood.outage), mood.latency_ms)

    def find_holder(self, certificate: x509.Certificate) -> Standing | None:
        """Look the certificate's serial up."""
        self._think()
        found = self._rows(
            "SELECT reference, registered, person FROM people WHERE serial = ?", str(certificate.serial_number)
        )
        if not found:
            return None
        reference, registered, person = str(found[0][0]), bool(found[0][1]), _person(found[0][2])
        if not registered and not person.registrable:
            return None
        return Standing(
            HolderRef(reference),
            revoked=person.revoked,
            registered=registered,
            public_expense=person.public_expense,
        )

    def register(self, holder: HolderRef) -> None:
        """Remember the registration."""
        self._think()
        self._rows("UPDATE people SET registered = 1 WHERE reference = ?", holder)

    def qualification_of(self, holder: HolderRef) -> OnRecord:
        """Return what is on record for a person."""
        self._think()
        return self._on_record(holder)

    def look_up(self, query: Query) -> OnRecord:
        """Return what is on record for insurance or personal data; nobody, or several, is an answer too."""
        self._think()
        match query:
            case InsuranceQuery():
                found = self._rows(
                    """SELECT DISTINCT reference FROM insured
                       WHERE insurer_number = ? AND number = ? AND birthdate = ?
                       AND (? IS NULL OR symbol IS ?) AND (? IS NULL OR branch IS ?)""",
                    query.insurer_number,
                    query.number,
                    query.birthdate,
                    *(query.symbol, query.symbol),
                    *(query.branch, query.branch),
                )
            case PersonQuery():
                found = self._rows(
                    "SELECT DISTINCT reference FROM insured WHERE kana = ? AND birthdate = ?",
                    query.kana,
                    query.birthdate,
                )
        match [str(row[0]) for row in found]:
            case []:
                return OnRecord("4", ())
            case [reference]:
                return self._on_record(HolderRef(reference))
            case references:
                records = [self._on_record(HolderRef(reference)) for reference in references]
                return OnRecord("5", tuple(result for record in records for result in record.results))

    def _on_record(self, holder: HolderRef) -> OnRecord:
        [(content,)] = self._rows("SELECT person FROM people WHERE reference = ?", holder)
        person = _person(content)
        return OnRecord(
            person.validity or "4", person.results, person.name_has_unknown_characters, person.public_expense
        )

    def _think(self) -> None:
        mood = self.mood
        if mood.latency_ms:
            self._wait(mood.latency_ms / 1000)
        if mood.outage:
            raise Fault("the service does not answer", part="national service", reason=Reason.SERVICE_UNREACHABLE)

    def _seed(self, people: Mapping[int, Person]) -> None:
        if self._rows("SELECT 1 FROM sqlite_master WHERE name = 'people'"):
            self._rows("SELECT outage FROM mood")
            return
        with self._lock:
            self._base.executescript(f"BEGIN; {_SCHEMA}")
            for number, person in enumerate(people.values()):
                # A reference that is no serial: the gateway may keep it for a visit, a serial it may not.
                reference = f"person-{number}"
                row = (str(person.serial), reference, int(person.registered), msgspec.json.encode(person))
                self._base.execute("INSERT INTO people VALUES (?, ?, ?, ?)", row)
                self._base.executemany("INSERT INTO insured VALUES (?, ?, ?, ?, ?, ?, ?)", _insured(person, reference))
            self._base.execute("COMMIT")

    def _rows(self, query: str, *values: str | int | None) -> list[tuple[object, ...]]:
        with self._lock:
            return self._base.execute(query, values).fetchall()


def _open(path: Path | None) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise BadConfig(f"cannot open the stand-in's base: {error}", where=str(path)) from error


def _insured(person: Person, reference: str) -> list[tuple[object, ...]]:
    names = (
        "InsurerNumber",
        "InsuredCardSymbol",
        "InsuredIdentificationNumber",
        "InsuredBranchNumber",
        "Birthdate",
        "NameKana",
    )
    rows = [[result.get(name) for name in names] for result in person.results]
    return [
        (str(insurer).strip(), symbol, number, branch, birthdate, kana, reference)
        for insurer, symbol, number, branch, birthdate, kana in rows
        if insurer and number and birthdate
    ]


def _person(content: object) -> Person:
    return msgspec.json.decode(msgspec.convert(content, bytes), type=Person)
