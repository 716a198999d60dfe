"""What only an outbox on a disk can suffer. What every outbox promises is in the contract tests."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.sqlite_outbox import SqliteOutbox
from device.ports.line import Kept


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's hand on the file of an outbox that holds one message."""
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", sealed)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def believed(kept: Kept) -> None:
    """Let the receipt be good for whatever is kept."""
    del kept


def sealed(sequence: int) -> bytes:
    return b"sealed %d" % sequence


def fault_of(path: Path) -> str:
    with pytest.raises(Fault) as refusal:
        SqliteOutbox(path)
    assert refusal.value.reason is Reason.OUTBOX_FAULT
    assert refusal.value.part == "outbox"
    words = str(refusal.value)
    assert words.startswith(f"{path}: ")
    return words.removeprefix(f"{path}: ")


KILLED_WHILE_IT_ADDS = """
import os, signal, sys
from pathlib import Path
from device.drivers.sqlite_outbox import SqliteOutbox
from device.ports.line import Kept

def die(sequence):
    os.kill(os.getpid(), signal.SIGKILL)

outbox = SqliteOutbox(Path(sys.argv[1]))
outbox.add("message-1", lambda sequence: b"sealed")
outbox.add("message-2", lambda sequence: b"sealed")
outbox.settle("message-1", lambda kept: None)
outbox.add("message-3", die)
"""


def test_a_unit_that_is_killed_while_it_adds_keeps_all_that_it_had(path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_ADDS, path], check=False)
    assert child.returncode == -signal.SIGKILL
    with SqliteOutbox(path) as outbox:
        assert [(kept.sequence, kept.message_id) for kept in outbox.waiting(9)] == [(2, "message-2")]
        assert outbox.add("message-3", sealed).sequence == 3


def test_only_the_unit_s_account_can_read_it(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", sealed)
        files = list(path.parent.iterdir())
        assert len(files) >= 2
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_every_commit_waits_for_the_disk(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        pragmas = ("journal_mode", "synchronous")
        answers = [outbox._database.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]  # noqa: SLF001  these hold per connection, so no other can ask
    assert answers == ["wal", 2]


def test_a_settled_message_leaves_no_trace_in_the_files(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", lambda _: b"the words of the sealed result")
        outbox.settle("message-1", believed)
    assert b"the words of the sealed result" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_reader_of_the_base_alone_learns_nothing(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", lambda _: b"the words of the result")
        content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"the words of the result" not in content


def test_what_was_changed_on_the_disk_is_put_aside_and_does_not_hold_up_the_others(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        for number in (1, 2, 3):
            outbox.add(f"message-{number}", sealed)
        with closing(sqlite3.connect(path, isolation_level=None)) as hand:
            hand.execute("UPDATE waiting SET payload = zeroblob(40) WHERE sequence = 2")
        with pytest.raises(Fault, match=r"changed on the disk and put aside: result 2$"):
            outbox.waiting(9)
        assert [kept.sequence for kept in outbox.waiting(9)] == [1, 3]
        assert outbox.add("message-4", sealed).sequence == 4


def test_a_message_in_the_place_of_another_is_found_out(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", sealed)
        outbox.add("message-2", sealed)
        with closing(sqlite3.connect(path, isolation_level=None)) as hand:
            hand.execute(
                "UPDATE waiting SET payload = (SELECT payload FROM waiting WHERE sequence = 1) WHERE sequence = 2"
            )
        with pytest.raises(Fault, match="result 2"):
            outbox.waiting(9)


def test_an_outbox_without_its_key_says_so_and_one_with_it_again_has_everything(path: Path) -> None:
    key = path.with_name("outbox.db.key")
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", sealed)
    kept = key.rename(path.with_name("elsewhere"))
    assert "its key outbox.db.key is gone" in fault_of(path)
    kept.rename(key)
    with SqliteOutbox(path) as outbox:
        assert [kept.payload for kept in outbox.waiting(9)] == [b"sealed 1"]
    key.write_bytes(b"short")
    assert "is no key of 32 bytes" in fault_of(path)


def test_a_closed_outbox_refuses_and_can_be_closed_again(path: Path) -> None:
    outbox = SqliteOutbox(path)
    outbox.close()
    outbox.close()
    with pytest.raises(Fault):
        outbox.waiting(9)


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"a letter to a friend, long enough to be no header of a database " * 100)
    assert fault_of(path) == "this is no database; name another file or move it away"
    assert path.read_bytes().startswith(b"a letter")


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE birds (name)")
    assert "belongs to another program" in fault_of(path)


def test_an_outbox_of_another_version_is_left_alone(path: Path, database: sqlite3.Connection) -> None:
    database.execute("PRAGMA user_version = 3")
    assert fault_of(path) == "written by another version (schema 3, this program knows 2)"


def test_a_damaged_outbox_says_what_to_do(path: Path, database: sqlite3.Connection) -> None:
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    assert "the file is damaged" in fault_of(path)
    assert "move it away" in fault_of(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "nowhere" / "outbox.db") == "No such file or directory"


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    assert fault_of(tmp_path) == "Is a directory"


def test_a_full_disk_is_said_and_loses_nothing(path: Path) -> None:
    with SqliteOutbox(path) as outbox:
        outbox.add("message-1", sealed)
        pages = outbox._database.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001  the nearest thing to a full disk
        outbox._database.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001  same
        with pytest.raises(Fault, match="the disk is full"):
            outbox.add("message-2", lambda _: bytes(100_000))
        assert [kept.message_id for kept in outbox.waiting(9)] == ["message-1"]


def test_a_file_that_another_program_holds_is_said(
    path: Path, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.drivers.sqlite_outbox._BUSY_S", 0.0)
    with SqliteOutbox(path) as outbox:
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(Fault, match="another program has held the file"):
            outbox.add("message-2", sealed)
        database.execute("ROLLBACK")
        assert outbox.add("message-2", sealed).sequence == 2


@pytest.mark.parametrize("limit", [1, 3])
def test_the_limit_is_the_owner_s(path: Path, limit: int) -> None:
    with SqliteOutbox(path, limit) as outbox:
        for n in range(limit):
            outbox.add(f"message-{n}", sealed)
        with pytest.raises(Fault, match=f"full: {limit} results"):
            outbox.add("one-too-many", sealed)
