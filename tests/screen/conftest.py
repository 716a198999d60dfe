from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from clinic.screen.accounts import Accounts
from clinic.screen.database import Database
from clinic.screen.sessions import Sessions

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOON


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "screen.sqlite") as opened:
        yield opened


@pytest.fixture
def quick_hasher() -> PasswordHasher:
    """The same algorithm with parameters that do not keep a test waiting."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def accounts(database: Database, quick_hasher: PasswordHasher) -> Accounts:
    return Accounts(database, quick_hasher)


@pytest.fixture
def token() -> Callable[[int], bytes]:
    """Give another token each time."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size)


@pytest.fixture
def sessions(database: Database, token: Callable[[int], bytes]) -> Sessions:
    return Sessions(database, token)
