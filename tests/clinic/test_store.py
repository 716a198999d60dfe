from __future__ import annotations

import contextlib
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic import sequences
from clinic.record import LateAnswer, VisitRecord
from clinic.store import Store
from clinic.store_file import read_records
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

MakeRecord = Callable[..., VisitRecord]


def late_answer(record: VisitRecord) -> LateAnswer:
    return LateAnswer(
        reception=record.reception,
        reason=Reason.QUALIFIED,
        notices=[],
        qualification={"QualificationValidity": "1"},
        answered_at=record.ended_at,
        source="certificate",
    )


def test_what_was_kept_is_there_after_a_restart(store_path: Path, make_record: MakeRecord) -> None:
    with Store(store_path) as store:
        store.keep(make_record(1))
    with Store(store_path) as store:
        assert store.knows("message-0001")
        assert not store.knows("message-0002")
        [visit] = store.visits_of(date(2026, 11, 22))
        assert visit.record == make_record(1)


def test_a_process_that_is_killed_after_keep_has_lost_nothing(store_path: Path, make_record: MakeRecord) -> None:
    script = """
import os, signal, sys, msgspec, pathlib
from clinic.record import VisitRecord
from clinic.store import Store
store = Store(pathlib.Path(sys.argv[1]))
store.keep(msgspec.json.decode(sys.argv[2], type=VisitRecord))
os.kill(os.getpid(), signal.SIGKILL)
"""

    record = msgspec.json.encode(make_record(1)).decode()
    killed = subprocess.run([sys.executable, "-c", script, str(store_path), record], check=False)

    assert killed.returncode == -signal.SIGKILL
    with Store(store_path) as store:
        assert store.knows("message-0001")


def test_nobody_else_on_the_machine_reads_it(store_path: Path, make_record: MakeRecord) -> None:
    with Store(store_path) as store:
        store.keep(make_record(1))
        for file in store_path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_processes_do_not_use_one_store(store_path: Path) -> None:
    with Store(store_path), pytest.raises(BadConfig, match="another process uses this store"):
        Store(store_path)
    with Store(store_path):
        pass  # let go of: usable again


def test_a_spectator_reads_beside_the_process_that_holds_the_store(store_path: Path, make_record: MakeRecord) -> None:
    assert read_records(store_path) == []
    with Store(store_path) as store:
        store.keep(make_record(1))
        assert len(read_records(store_path)) == 1


@pytest.mark.parametrize("content", [b"not a store, but long enough to be one" * 60, b"SQLite format 3\0"])
def test_a_file_of_another_kind_is_named_and_left_as_it_is(store_path: Path, content: bytes) -> None:
    store_path.write_bytes(content)

    with pytest.raises(BadConfig, match=r"clinic\.sqlite: not a store of ours"):
        Store(store_path)
    assert store_path.read_bytes() == content


def test_a_store_of_another_version_is_refused(store_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(store_path)) as base:
        base.execute("PRAGMA user_version = 99")

    with pytest.raises(BadConfig, match="a store of version 99, this program reads 1"):
        Store(store_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadConfig, match=r"clinic\.sqlite: cannot open the store"):
        Store(tmp_path / "file" / "clinic.sqlite")


def test_a_full_disk_is_a_fault_and_what_was_kept_stays(
    store_path: Path, make_record: MakeRecord, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    with Store(store_path) as store:
        store.keep(make_record(1))
        log = store_path.with_name(store_path.name + "-wal").stat().st_size

        with full_disk(log + 100), pytest.raises(Fault, match="cannot keep a visit") as caught:
            store.keep(make_record(2))
        assert caught.value.part == "store"
        assert not store.knows("message-0002")

        store.keep(make_record(3))
        assert [visit.record.sequence for visit in store.visits_of(date(2026, 11, 22))] == [1, 3]


def test_a_late_answer_counts_once_somebody_accepts_it(store_path: Path, make_record: MakeRecord) -> None:
    with Store(store_path) as store:
        record = make_record(1, reason=Reason.SERVICE_UNREACHABLE, qualification=None)
        store.keep(record)
        store.put_late_answer(late_answer(record))
        waiting = store.visit(record.reception)
        assert waiting is not None
        assert waiting.qualification is None

        assert store.accept_late_answer(record.reception, by="sato", now=record.ended_at)
        assert not store.accept_late_answer(record.reception, by="suzuki", now=record.ended_at)

        accepted = store.visit(record.reception)
        assert accepted is not None
        assert (accepted.qualification, accepted.accepted_by) == ({"QualificationValidity": "1"}, "sato")


def test_a_follower_gets_every_visit_in_order_and_an_accepted_answer_once_more(
    store_path: Path, make_record: MakeRecord
) -> None:
    with Store(store_path) as store:
        first, second = make_record(1, qualification=None), make_record(2)
        store.keep(first)
        store.keep(second)
        feed = store.feed_of("files")
        assert [visit.record.sequence for _, visit in feed] == [1, 2]
        store.done("files", feed[-1][0])
        assert store.feed_of("files") == []
        assert len(store.feed_of("another")) == 2

        store.put_late_answer(late_answer(first))
        assert store.feed_of("files") == []
        store.accept_late_answer(first.reception, by="sato", now=first.ended_at)
        [(_, again)] = store.feed_of("files")
        assert (again.record.sequence, again.qualification) == (1, {"QualificationValidity": "1"})


def test_old_visits_are_forgotten_with_what_belongs_to_them(store_path: Path, make_record: MakeRecord) -> None:
    with Store(store_path) as store:
        long_ago = make_record(1).ended_at - timedelta(days=40)
        old = make_record(1, happened_at=long_ago, qualification={"Name": "忘却 太郎"})
        store.keep(old)
        store.put_late_answer(late_answer(old))
        store.keep(make_record(2))

        assert store.forget_before(date(2026, 11, 1)) == 1
        assert store.visit(old.reception) is None
        assert [visit.record.sequence for _, visit in store.feed_of("files")] == [2]
    assert "忘却".encode() not in store_path.read_bytes()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 30), max_size=40))
def test_numbers_are_known_in_whatever_order_they_come(numbers: list[int]) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        base.executescript(sequences.SCHEMA)
        seen: set[int] = set()
        for number in numbers:
            assert sequences.note(base, "unit-1", number) == (number not in seen)
            seen.add(number)

        gaps = max(seen) - min(seen) + 1 - len(seen) if seen else 0
        assert sequences.missing(base, "unit-1") == gaps
        # as few rows as there are runs without a hole
        runs = sum(number - 1 not in seen for number in seen)
        assert base.execute("SELECT count(*) FROM sequences").fetchone() == (runs,)
