"""What the clinic side keeps, in one SQLite file: visits, late answers, and who has attended to what.

A visit is on disk when `keep` returns (write-ahead log, `synchronous=FULL`: one flush for each), and only then may its
receipt go out. The same visit again has no second effect. Every visit and every accepted late answer also gets the
next number of the feed, which followers (the receipt computer's files, somebody else's system) work off at their pace.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from clinic import sequences
from clinic.changes import Changes, Subject
from clinic.record import LateAnswer, VisitRecord
from clinic.store_file import PRIVATE, connect, hold, look
from device.domain.certificate_window import JAPAN
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

_COLUMNS = """
    visits.number, visits.record, visits.attended_at, visits.attended_by,
    late_answers.answer, late_answers.accepted_at, late_answers.accepted_by
    FROM visits LEFT JOIN late_answers USING (reception)
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptVisit:
    """A visit with everything that happened to it since."""

    number: int
    record: VisitRecord
    attended_at: datetime | None
    attended_by: str | None
    late: LateAnswer | None
    accepted_at: datetime | None
    accepted_by: str | None

    @property
    def qualification(self) -> dict[str, object] | None:
        """The visit's own, or a late one that somebody accepted; never one that nobody has accepted."""
        if self.record.qualification is None and self.late is not None and self.accepted_at is not None:
            return self.late.qualification
        return self.record.qualification


@dataclass(frozen=True, slots=True)
class SetAside:
    """A result that was refused though its unit signed it."""

    message_id: str
    unit: str
    at: datetime
    why: str


class Store:
    """The file, held by one process at a time; several threads may use it."""

    def __init__(self, path: Path, *, changes: Changes | None = None, only_look: bool = False) -> None:
        """Open or create the file. Raise BadConfig when it cannot be used or another process holds it.

        With `only_look` it is read beside the process that holds it, and must be there.
        """
        self.path = path
        self.changes = changes or Changes()
        self._lock = threading.RLock()
        self._holder = -1
        if only_look:
            self._base = look(path)
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._holder = hold(path)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
        except OSError as error:
            raise BadConfig(f"cannot open the store: {error.strerror}", where=str(path)) from error
        try:
            self._base = connect(path)
        except BaseException:
            os.close(self._holder)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Harmless when repeated."""
        with self._lock:
            self._base.close()
            if self._holder >= 0:
                os.close(self._holder)
                self._holder = -1

    # --- taking in ------------------------------------------------------------------------------------------------

    def knows(self, message_id: str) -> bool:
        """Tell whether a result with this id was kept."""
        return self._row("SELECT 1 FROM visits WHERE message_id = ?", message_id) is not None

    def keep(self, record: VisitRecord) -> bool:
        """Put a visit on disk; it is there for good when this returns. Its `message_id` must not be known.

        Return False when the unit used its number before, for something else: it was reset or copied. The visit is
        kept all the same. Raise Fault (part `store`) when the disk refuses; nothing of it is then left.
        """

        def put(base: sqlite3.Connection) -> bool:
            visit = base.execute(
                "INSERT INTO visits (message_id, reception, day, person, record) VALUES (?, ?, ?, ?, ?)",
                (record.message_id, record.reception, record.day, record.person, msgspec.json.encode(record)),
            ).lastrowid
            base.execute("INSERT INTO feed (visit) VALUES (?)", (visit,))
            return sequences.note(base, record.unit, record.sequence)

        new = self.write("keep a visit", put)
        self.changes.tell(Subject.ARRIVAL, record.reception)
        return new

    def set_aside(self, message_id: str, *, unit: str, why: str, jws: str, now: datetime) -> None:
        """Keep a refused result as it came, for a technician: `uketsuke-clinic set-aside`."""
        self.write(
            "set a result aside",
            lambda base: base.execute(
                "INSERT OR IGNORE INTO set_aside VALUES (?, ?, ?, ?, ?)", (message_id, unit, now.isoformat(), why, jws)
            ),
        )

    def results_set_aside(self) -> list[SetAside]:
        """Return what was set aside, the oldest first, without the results themselves."""
        with self.reading() as base:
            rows = base.execute("SELECT message_id, unit, at, why FROM set_aside ORDER BY at, message_id").fetchall()
        return [SetAside(message_id, unit, datetime.fromisoformat(at), why) for message_id, unit, at, why in rows]

    def missing(self, unit: str) -> int:
        """Return how many results of a unit are still on their way."""
        with self.reading() as base:
            return sequences.missing(base, unit)

    def next_sequence(self, unit: str) -> int:
        """Return the number that a visit without a unit's own gets."""
        with self.reading() as base:
            return sequences.following(base, unit)

    def put_late_answer(self, answer: LateAnswer) -> None:
        """Keep an answer that came after its visit had ended; one that somebody accepted stays as it is."""
        self.write(
            "keep a late answer",
            lambda base: base.execute(
                """INSERT INTO late_answers (reception, answer) VALUES (?, ?)
                   ON CONFLICT (reception) DO UPDATE SET answer = excluded.answer WHERE accepted_at IS NULL""",
                (answer.reception, msgspec.json.encode(answer)),
            ),
        )
        self.changes.tell(Subject.ARRIVAL, answer.reception)

    # --- what the desk does ---------------------------------------------------------------------------------------

    def accept_late_answer(self, reception: str, *, by: str, now: datetime) -> bool:
        """Make a late answer the visit's own; False when there is none, or somebody was faster."""

        def accept(base: sqlite3.Connection) -> bool:
            done = base.execute(
                """UPDATE late_answers SET accepted_at = ?, accepted_by = ?
                   WHERE reception = ? AND accepted_at IS NULL""",
                (now.isoformat(), by, reception),
            ).rowcount
            if done:
                base.execute(
                    "INSERT INTO feed (visit) SELECT max(number) FROM visits WHERE reception = ? HAVING count(*)",
                    (reception,),
                )
            return done > 0

        return self._change("accept a late answer", reception, accept)

    def attend(self, reception: str, *, by: str | None, now: datetime) -> bool:
        """Note that somebody has dealt with a visit; `by` None takes it back. False when there is no such visit."""
        at = now.isoformat() if by is not None else None
        return self._change(
            "note who attended",
            reception,
            lambda base: (
                base.execute(
                    "UPDATE visits SET attended_at = ?, attended_by = ? WHERE reception = ?", (at, by, reception)
                ).rowcount
                > 0
            ),
        )

    def forget_before(self, day: date) -> int:
        """Delete all visits of earlier days, from the file as well; return how many."""

        def forget(base: sqlite3.Connection) -> int:
            base.execute(
                "DELETE FROM late_answers WHERE reception IN (SELECT reception FROM visits WHERE day < ?)",
                (day.isoformat(),),
            )
            base.execute("DELETE FROM set_aside WHERE at < ?", (day.isoformat(),))
            base.execute("DELETE FROM disaster_modes WHERE until < ?", (day.isoformat(),))
            return base.execute("DELETE FROM visits WHERE day < ?", (day.isoformat(),)).rowcount

        return self.write("forget old visits", forget)

    # --- looking --------------------------------------------------------------------------------------------------

    def visit(self, reception: str) -> KeptVisit | None:
        """Return a visit by its reception."""
        row = self._row(f"SELECT {_COLUMNS} WHERE visits.reception = ? ORDER BY visits.number DESC", reception)
        return None if row is None else _kept(row)

    def visits_of(self, day: date) -> list[KeptVisit]:
        """Return the visits of a Japanese day, in the order in which they came."""
        query = f"SELECT {_COLUMNS} WHERE visits.day = ? ORDER BY visits.number"
        with self.reading() as base:
            return [_kept(row) for row in base.execute(query, (day.isoformat(),))]

    def place_in_day(self, visit: KeptVisit) -> int:
        """Return which visit of its day this is, from 1."""
        row = self._row("SELECT count(*) FROM visits WHERE day = ? AND number <= ?", visit.record.day, visit.number)
        return msgspec.convert(row, tuple[int])[0]

    def visit_before(self, visit: KeptVisit) -> KeptVisit | None:
        """Return the same person's latest earlier visit with a qualification, to see what is new."""
        person = visit.record.person
        if person is None:
            return None
        row = self._row(
            f"SELECT {_COLUMNS} WHERE visits.person = ? AND visits.number < ? ORDER BY visits.number DESC",
            person,
            visit.number,
        )
        return None if row is None else _kept(row)

    # --- the feed -------------------------------------------------------------------------------------------------

    def feed_of(self, follower: str, *, most: int = 50) -> list[tuple[int, KeptVisit]]:
        """Return what a follower has not done yet: number in the feed, and the visit as it stands now."""
        columns = _COLUMNS.replace("FROM visits", "FROM feed JOIN visits ON visits.number = feed.visit")
        query = f"""SELECT feed.number, {columns}
            WHERE feed.number > coalesce((SELECT number FROM followers WHERE name = ?), 0)
            ORDER BY feed.number LIMIT ?"""  # noqa: S608  as above
        with self.reading() as base:
            return [(row[0], _kept(row[1:])) for row in base.execute(query, (follower, most))]

    def done(self, follower: str, number: int) -> None:
        """Note that a follower has dealt with everything up to `number`."""
        self.write(
            "note a follower's place",
            lambda base: base.execute("INSERT OR REPLACE INTO followers VALUES (?, ?)", (follower, number)),
        )

    # --- the base -------------------------------------------------------------------------------------------------

    def _change(self, what: str, reception: str, act: Callable[[sqlite3.Connection], bool]) -> bool:
        changed = self.write(what, act)
        if changed:
            self.changes.tell(Subject.ARRIVAL, reception)
        return changed

    def write(self, what: str, act: Callable[[sqlite3.Connection], T]) -> T:
        """Do `act` in one transaction, on disk when this returns. Raise Fault saying `what` could not be done."""
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                try:
                    found = act(self._base)
                    self._base.execute("COMMIT")
                except BaseException:
                    # A full disk may have ended the transaction already; there is then nothing to roll back.
                    if self._base.in_transaction:
                        self._base.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self._fault(what, error) from error
            return found

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the base for looking. Raise Fault where it cannot be read."""
        with self._lock:
            try:
                yield self._base
            except sqlite3.Error as error:
                raise self._fault("read", error) from error

    def _row(self, query: str, *values: str | int) -> tuple[object, ...] | None:
        with self.reading() as base:
            row: tuple[object, ...] | None = base.execute(query, values).fetchone()
            return row

    def _fault(self, what: str, error: sqlite3.Error) -> Fault:
        return Fault(f"cannot {what} in {self.path}: {error}", part="store", reason=Reason.INTERNAL_FAULT)


def japanese_day(now: datetime) -> date:
    """Return which day it is in Japan."""
    return now.astimezone(JAPAN).date()


def _kept(row: tuple[object, ...]) -> KeptVisit:
    number, record, attended_at, attended_by, answer, accepted_at, accepted_by = row
    return KeptVisit(
        number=msgspec.convert(number, int),
        record=msgspec.json.decode(msgspec.convert(record, bytes), type=VisitRecord),
        attended_at=_time(attended_at),
        attended_by=msgspec.convert(attended_by, str | None),
        late=None if answer is None else msgspec.json.decode(msgspec.convert(answer, bytes), type=LateAnswer),
        accepted_at=_time(accepted_at),
        accepted_by=msgspec.convert(accepted_by, str | None),
    )


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
