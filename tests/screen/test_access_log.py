from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from clinic.screen.access_log import KEY_BYTES, AccessLog, LogAlteredError, load_log_key
from clinic.screen.database import Database
from device.domain.errors import BadConfig

KEY = bytes(range(KEY_BYTES))


@pytest.fixture
def log(database: Database, now: datetime) -> AccessLog:
    log = AccessLog(database, KEY)
    for minute, what in enumerate(["signed in", "saw", "accepted", "signed out"]):
        log.add("hanako", what, f"row-{minute}", now + timedelta(minutes=minute))
    return log


def alter(database: Database, statement: str) -> None:
    with database.change() as rows:
        rows.execute(statement)


def test_an_untouched_log_is_whole(log: AccessLog) -> None:
    assert log.verify() == 4
    assert log.verify(log.head()) == 4
    assert [entry.what for entry in log.newest(2)] == ["signed out", "accepted"]
    assert [entry.number for entry in log.newest(10, before=3)] == [2, 1]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE access SET who = 'taro' WHERE number = 2", 2),
        ("UPDATE access SET at = '2026-01-01T00:00:00' WHERE number = 1", 1),
        ("UPDATE access SET about = 'row-9' WHERE number = 4", 4),
        ("UPDATE access SET who = 'hanakos', what = 'aw' WHERE number = 2", 2),
        ("DELETE FROM access WHERE number = 3", 3),
        ("DELETE FROM access WHERE number = 1", 1),
        ("UPDATE access SET mac = (SELECT mac FROM access WHERE number = 1) WHERE number = 2", 2),
    ],
)
def test_what_was_altered_is_found(log: AccessLog, database: Database, statement: str, number: int) -> None:
    alter(database, statement)
    with pytest.raises(LogAlteredError) as caught:
        log.verify()
    assert caught.value.number == number


def test_an_end_cut_off_shows_against_a_head_noted_elsewhere(log: AccessLog, database: Database, now: datetime) -> None:
    noted = log.head()
    alter(database, "DELETE FROM access WHERE number = 4")
    assert log.verify() == 3
    with pytest.raises(LogAlteredError, match="4 were noted"):
        log.verify(noted)
    log.add("taro", "signed in", "", now)  # made with the right key, but it is not what was noted
    with pytest.raises(LogAlteredError, match="another one"):
        log.verify(noted)


def test_a_head_that_is_none_is_refused(log: AccessLog) -> None:
    with pytest.raises(BadConfig, match="NUMBER:HEX"):
        log.verify("yesterday's")


def test_without_the_key_nobody_continues_the_chain(log: AccessLog, database: Database, now: datetime) -> None:
    AccessLog(database, bytes(KEY_BYTES)).add("taro", "saw", "row-1", now)
    with pytest.raises(LogAlteredError) as caught:
        log.verify()
    assert caught.value.number == 5


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    assert load_log_key(path, KEY) == KEY
    assert load_log_key(path, bytes(KEY_BYTES)) == KEY
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    path.write_bytes(b"short")
    with pytest.raises(BadConfig, match=r"log\.key.*5 bytes"):
        load_log_key(path, KEY)
    with pytest.raises(BadConfig, match="missing"):
        load_log_key(tmp_path / "missing" / "log.key", KEY)
