from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from clinic.changes import Changes
from clinic.desk import Desk
from clinic.disaster import DisasterSwitch
from clinic.enquiries import Enquiries
from clinic.health import Health
from clinic.keys import KeyRing, make_key_pair
from clinic.pending import PendingQuery, PendingStore
from clinic.record import LateAnswer, VisitRecord
from clinic.screen.access_log import KEY_BYTES, AccessLog
from clinic.screen.accounts import Accounts, Role
from clinic.screen.app import Screen, ScreenParts, build_screen
from clinic.screen.database import Database
from clinic.screen.sessions import Sessions
from clinic.store import Store
from clinic.units import Units
from device.domain.reasons import Reason
from device.domain.values import Assurance, CardKind
from device.wire.messages import Status
from device.wire.sealing import unseal

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
"""In Japan."""
PASSWORD = "correct horse battery"
HOST = "http://127.0.0.1"


def answered(validity: str = "1", **result: object) -> dict[str, object]:
    person = {
        "Name": "診療 太郎",
        "NameKana": "ｼﾝﾘｮｳ ﾀﾛｳ",
        "Birthdate": "19740402",
        "InsurerName": "模擬健康保険組合",
        "InsurerNumber": "06130012",
        "InsuredPartialContributionRatio": "030",
        "PharmacistsInfoConsFlg": "1",
        "PharmacistsInfoConsTime": "20261120120000",
        "PharmacistsInfoAvailableTime": "20261121120000",
        **result,
    }
    return {"QualificationValidity": validity, "ResultOfQualificationConfirmation": [person]}


@dataclass(slots=True)
class Reception:
    """A clinic's desk with its screen; the time is what the test says."""

    store: Store
    units: Units
    health: Health
    desk: Desk
    accounts: Accounts
    database: Database
    keys: KeyRing
    now: datetime = NOON
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def arrive(self, reason: Reason = Reason.QUALIFIED, *, validity: str | None = "1", **changes: Any) -> str:  # noqa: ANN401  any element
        """Let a visit end; without `validity` it has no answer. Return its reception."""
        number = next(self.numbers)
        record = VisitRecord(
            received_at=self.now,
            unit="sim-unit-1",
            sequence=number,
            message_id=f"message-{number:04d}",
            reception=f"{number:032x}",
            reason=reason,
            notices=[],
            card=CardKind.PLASTIC,
            assurance=None if validity is None else Assurance.PIN_SIGNATURE,
            consents={},
            started_at=self.now,
            ended_at=self.now,
            happened_at=self.now,
            simulated=True,
            qualification=None if validity is None else answered(validity, **changes),
            unopened=None,
        )
        self.store.keep(record)
        return record.reception

    def answer_late(self, reception: str) -> None:
        """Let the answer come after the visit."""
        self.store.put_late_answer(
            LateAnswer(
                reception=reception,
                reason=Reason.QUALIFIED,
                notices=[],
                qualification=answered(NameKana="ｴﾝﾁｬｸ ｻﾌﾞﾛｳ", Name="延着 三郎"),
                answered_at=self.now,
                source="certificate",
            )
        )

    def hear(self, unit: str, state: Any) -> None:  # noqa: ANN401  one of three words
        """Let a unit say how it is."""
        status = Status(unit=unit, state=state, birth_id="birth-001", version="0.1.0", troubles=[], simulated=True)
        self.units.hear(status, self.now)

    def pass_time(self, **time: float) -> None:
        """Let time pass, as in `timedelta`."""
        self.now += timedelta(**time)

    def screen(self, **changes: Any) -> Screen:  # noqa: ANN401  any part
        """Put a screen before the desk."""
        parts: dict[str, Any] = {
            "desk": self.desk,
            "database": self.database,
            "log_key": bytes(KEY_BYTES),
            "hosts": ["127.0.0.1"],
            "secure": False,
            "now": lambda: self.now,
            "accounts": self.accounts,
        }
        return build_screen(ScreenParts(**{**parts, **changes}))

    def asked(self) -> list[str]:
        """What the desk asked by hand, as JSON, opened with the clinic's key."""
        pending = PendingStore(self.store).all()
        return [unseal(one.query, *self.keys.all).decode() for one in pending if isinstance(one, PendingQuery)]

    def log(self) -> list[tuple[str, str]]:
        """Who did what, the oldest first."""
        entries = AccessLog(self.database, bytes(KEY_BYTES)).newest(1000)
        return [(entry.who, entry.what) for entry in reversed(entries)]


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


@pytest.fixture
def reception(tmp_path: Path, database: Database, accounts: Accounts) -> Iterator[Reception]:
    changes = Changes()
    with Store(tmp_path / "visits.sqlite", changes=changes) as store:
        units, health = Units(changes), Health(changes)
        keys = KeyRing(make_key_pair(tmp_path / "keys").private, private=True)
        enquiries = Enquiries(store, DisasterSwitch(store), keys=keys, wake=lambda: None)
        desk = Desk(store, units, health, enquiries)
        yield Reception(store, units, health, desk, accounts, database, keys)


@pytest.fixture
def browse(reception: Reception) -> Iterator[Callable[..., TestClient]]:
    """Give a browser without script; with a name, somebody has signed in there."""
    clients = []

    def open_one(name: str | None = None, role: Role = Role.DESK, screen: Screen | None = None) -> TestClient:
        client = TestClient((screen or reception.screen()).app, base_url=HOST, headers={"origin": HOST})
        clients.append(client)
        if name is not None:
            if all(known.name != name for known in reception.accounts.all()):
                reception.accounts.create(name, role, PASSWORD)
            signed_in = client.post("/sign-in", data={"name": name, "password": PASSWORD})
            assert signed_in.url.path == "/arrivals"
        return client

    yield open_one
    for client in clients:
        client.close()
