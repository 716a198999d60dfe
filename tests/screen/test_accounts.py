from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from clinic.screen.accounts import Accounts, Role
from clinic.screen.database import Database
from clinic.screen.sessions import Sessions
from device.domain.errors import BadConfig
from provisioning.web.passwords import FREE_FAILURES
from provisioning.web.people import IDLE_S, LONGEST_S, Account, Refusal, is_of

PASSWORD = "correct horse battery"


def test_who_has_name_and_password_is_let_in(accounts: Accounts, now: datetime) -> None:
    accounts.create("hanako", Role.DESK, PASSWORD)
    assert accounts.check("hanako", PASSWORD, "", now) == Account("hanako", Role.DESK)
    assert accounts.check("hanako", "another password", "", now) is Refusal.WRONG
    assert accounts.check("taro", PASSWORD, "", now) is Refusal.WRONG


def test_the_file_holds_no_password_and_is_its_owners_alone(accounts: Accounts, tmp_path: Path) -> None:
    accounts.create("hanako", Role.DESK, PASSWORD)
    file = tmp_path / "screen.sqlite"
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(PASSWORD.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "password", "field"),
    [
        ("Hanako", PASSWORD, "name"),
        ("h", PASSWORD, "name"),
        ("花子", PASSWORD, "name"),
        ("hanako", "short", "password"),
        ("hanako", "a" * 12, "password"),
        ("hanako", "hanako-hanako-12", "password"),
        ("hanako", "x1y2z3w4" * 40, "password"),
    ],
)
def test_what_does_not_fit_is_named(accounts: Accounts, name: str, password: str, field: str) -> None:
    with pytest.raises(BadConfig, match=field):
        accounts.create(name, Role.DESK, password)
    assert accounts.all() == []


def test_a_name_is_given_once(accounts: Accounts) -> None:
    accounts.create("hanako", Role.DESK, PASSWORD)
    with pytest.raises(BadConfig, match="there is an account of this name"):
        accounts.create("hanako", Role.ADMIN, PASSWORD)
    assert accounts.all() == [Account("hanako", Role.DESK)]


def test_guessing_costs_a_growing_pause_that_even_the_right_password_waits_for(
    accounts: Accounts, now: datetime
) -> None:
    accounts.create("hanako", Role.DESK, PASSWORD)
    for _ in range(FREE_FAILURES + 1):
        assert accounts.check("hanako", "wrong guess", "", now) is Refusal.WRONG
    assert accounts.check("hanako", PASSWORD, "", now) is Refusal.PAUSED
    later = now + timedelta(seconds=30)
    assert accounts.check("hanako", "wrong guess", "", later) is Refusal.WRONG
    assert accounts.check("hanako", PASSWORD, "", later + timedelta(seconds=59)) is Refusal.PAUSED
    assert accounts.check("hanako", PASSWORD, "", later + timedelta(seconds=60)) == Account("hanako", Role.DESK)
    assert accounts.check("hanako", "wrong guess", "", later + timedelta(seconds=61)) is Refusal.WRONG
    assert accounts.check("hanako", PASSWORD, "", later + timedelta(seconds=61)) == Account("hanako", Role.DESK)


def test_no_pause_is_longer_than_a_quarter_of_an_hour(accounts: Accounts, now: datetime) -> None:
    accounts.create("hanako", Role.DESK, PASSWORD)
    for _ in range(40):
        accounts.check("hanako", "wrong guess", "", now)
        now += timedelta(seconds=900)
    assert accounts.check("hanako", PASSWORD, "", now) == Account("hanako", Role.DESK)


def test_a_second_factor_is_asked_for_and_its_code_counts_once(accounts: Accounts, now: datetime) -> None:
    secret = pyotp.random_base32()
    accounts.create("hanako", Role.ADMIN, PASSWORD)
    accounts.set_second_factor("hanako", secret)
    code = pyotp.TOTP(secret).at(now)
    assert accounts.check("hanako", PASSWORD, "", now) is Refusal.CODE_MISSING
    assert accounts.check("hanako", "wrong password", code, now) is Refusal.WRONG
    assert accounts.check("hanako", PASSWORD, code, now) == Account("hanako", Role.ADMIN, second_factor=True)
    assert accounts.check("hanako", PASSWORD, code, now) is Refusal.WRONG
    # One step of clock difference is forgiven, two are not.
    assert accounts.check("hanako", PASSWORD, pyotp.TOTP(secret).at(now + timedelta(seconds=30)), now) != Refusal.WRONG
    assert accounts.check("hanako", PASSWORD, pyotp.TOTP(secret).at(now + timedelta(seconds=90)), now) is Refusal.WRONG
    accounts.set_second_factor("hanako", None)
    assert accounts.check("hanako", PASSWORD, "", now) == Account("hanako", Role.ADMIN)


def test_a_disabled_account_is_out_at_once_and_the_last_administrator_stays(
    accounts: Accounts, sessions: Sessions, now: datetime
) -> None:
    accounts.create("admin", Role.ADMIN, PASSWORD)
    hanako = accounts.create("hanako", Role.DESK, PASSWORD)
    token = sessions.begin(hanako, now)
    accounts.enable("hanako", enabled=False)
    assert sessions.find(token, now) is None
    assert accounts.check("hanako", PASSWORD, "", now) is Refusal.WRONG
    accounts.enable("hanako", enabled=True)
    assert accounts.check("hanako", PASSWORD, "", now) == hanako
    with pytest.raises(BadConfig, match="last administrator"):
        accounts.enable("admin", enabled=False)


def test_another_password_ends_the_sessions_of_the_old_one(
    accounts: Accounts, sessions: Sessions, now: datetime
) -> None:
    hanako = accounts.create("hanako", Role.DESK, PASSWORD)
    token = sessions.begin(hanako, now)
    accounts.set_password("hanako", "a new and longer one")
    assert sessions.find(token, now) is None
    assert accounts.check("hanako", PASSWORD, "", now) is Refusal.WRONG
    assert accounts.check("hanako", "a new and longer one", "", now) == hanako


def test_a_stronger_hash_replaces_the_old_one_at_the_next_sign_in(
    database: Database, accounts: Accounts, now: datetime
) -> None:
    accounts.create("hanako", Role.DESK, PASSWORD)
    stronger = Accounts(database, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    stronger.check("hanako", PASSWORD, "", now)
    with database.look() as rows:
        (hashed,) = rows.execute("SELECT password_hash FROM account").fetchone()
    assert "m=16,t=2" in hashed
    assert stronger.check("hanako", PASSWORD, "", now) == Account("hanako", Role.DESK)


def test_a_session_lasts_a_day_of_work_and_no_idle_hours(accounts: Accounts, sessions: Sessions, now: datetime) -> None:
    hanako = accounts.create("hanako", Role.DESK, PASSWORD)
    token = sessions.begin(hanako, now)
    step = timedelta(seconds=IDLE_S - 1)
    at = now
    while (at - now).total_seconds() + step.total_seconds() <= LONGEST_S:
        at += step
        session = sessions.find(token, at)
        assert session is not None
        assert session.account == hanako
    assert sessions.find(token, now + timedelta(seconds=LONGEST_S + 1)) is None
    assert sessions.find(sessions.begin(hanako, now), now + timedelta(seconds=IDLE_S + 1)) is None


def test_a_form_belongs_to_its_session(accounts: Accounts, sessions: Sessions, now: datetime) -> None:
    hanako = accounts.create("hanako", Role.DESK, PASSWORD)
    first, second = (sessions.find(sessions.begin(hanako, now), now) for _ in range(2))
    assert first is not None
    assert second is not None
    assert is_of(first, first.csrf)
    assert not is_of(first, second.csrf)
    assert not is_of(first, "")


def test_who_signed_out_is_out(accounts: Accounts, sessions: Sessions, now: datetime) -> None:
    token = sessions.begin(accounts.create("hanako", Role.DESK, PASSWORD), now)
    sessions.end(token)
    assert sessions.find(token, now) is None
    assert sessions.find("nonsense", now) is None


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "screen.sqlite").write_bytes(b"no database, though it is long enough to be one" * 30)
    with pytest.raises(BadConfig, match=r"screen\.sqlite"):
        Database(tmp_path / "screen.sqlite")


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with Database(tmp_path / "screen.sqlite") as opened, opened.look() as rows:
        rows.execute("PRAGMA user_version = 99")
    with pytest.raises(BadConfig, match="has version 99"):
        Database(tmp_path / "screen.sqlite")
