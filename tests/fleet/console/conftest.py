"""A fleet with people and units that say nothing by themselves, its console, and browsers before it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.testclient import TestClient

from provisioning.console.app import ConsoleParts, build_console
from provisioning.console.watch import Watch
from provisioning.fleet.accounts import FleetAccounts, new_link
from provisioning.fleet.counter import Counter
from provisioning.fleet.create import create_fleet
from provisioning.fleet.fleet import Fleet, open_fleet
from provisioning.fleet.plan import (
    BrokerSection,
    FleetPlan,
    FleetSection,
    Guarded,
    Places,
    ServiceSection,
    StoreSection,
)
from provisioning.fleet.roles import Actor, Role
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Heard, NewUnit

NOON = datetime.now(UTC).replace(microsecond=0)
"""Certificates are made with the real time."""
PASSWORD = "correct horse battery"
HOST = "http://127.0.0.1"


@dataclass(slots=True)
class Office:
    """A fleet whose time is what the test says."""

    fleet: Fleet
    watch: Watch
    accounts: FleetAccounts
    now: datetime = NOON
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def pass_time(self, **time: float) -> None:
        """Let time pass, as in `timedelta`."""
        self.now += timedelta(**time)

    def add_units(self, how_many: int, *, site: str = "clinic-1", profile: str = "desk", online: bool = True) -> None:
        """Let units be there, active."""
        names = [f"sim-u{next(self.numbers):04}" for _ in range(how_many)]
        with self.fleet.store.begin(self.now, actor="tests") as work:
            work.units.add(
                NewUnit(name=name, serial=name.replace("sim-u", "SN-"), site=site, profile=profile) for name in names
            )
            for name in names:
                work.units.move(work.units.find(name), UnitState.PENDING, "claimed")
                work.units.move(work.units.find(name), UnitState.ACTIVE, "heard")
        self.hear(*names, online=online)

    def hear(self, *names: str, online: bool = True) -> None:
        """Let units say that they are there, or be gone."""
        with self.fleet.store.begin(self.now) as work:
            work.units.hear(
                [Heard(unit=name, online=online, birth_id="b1", births="", firmware="0.1.0") for name in names]
            )

    def counter(self, name: str = "taro", role: Role = Role.ADMIN, way: str = "cli") -> Counter:
        """Return where somebody acts."""
        return Counter(self.fleet, Actor(name, way, role), lambda: self.now)

    def add_person(self, name: str, role: Role) -> None:
        """Let somebody be able to sign in."""
        with self.fleet.store.begin(self.now) as work:
            work.people.add(name, role=role)
            token = new_link(work, name)
        self.accounts.accept(token, name, PASSWORD)

    def console(self) -> Starlette:
        """Put the console together."""
        return build_console(
            ConsoleParts(
                fleet=self.fleet,
                watch=self.watch,
                hosts=["127.0.0.1"],
                secure=False,
                accounts=self.accounts,
                now=lambda: self.now,
            )
        )

    def audit(self, subject: str | None = None) -> list[tuple[str, str]]:
        """Who did what, the oldest first."""
        with self.fleet.store.look(self.now) as work:
            assert work.audit.verify().holds
            return [(entry.actor, entry.action) for entry in reversed(work.audit.entries(subject, limit=1000))]

    def forge_audit(self) -> None:
        """Change an entry behind the program's back."""
        with sqlite3.connect(self.fleet.places.folder / "fleet.sqlite") as base:
            base.execute("UPDATE audit SET actor = 'web:nobody' WHERE number = 1")
        base.close()


OpenOffice = Callable[..., Office]


@pytest.fixture
def open_office(tmp_path: Path) -> Iterator[OpenOffice]:
    """Make a fleet with its office: on SQLite, or with its store at an address; `two_people` is for what."""
    with ExitStack() as stack:

        def open_one(url: str = "sqlite:///fleet.sqlite", *, two_people: Sequence[Guarded] = ()) -> Office:
            plan = FleetPlan(
                fleet=FleetSection(name="tests", branch="simulation"),
                broker=BrokerSection(host="127.0.0.1", address="127.0.0.1"),
                store=StoreSection(url=url),
                service=ServiceSection(two_people=list(two_people)),
            )
            create_fleet(Places(tmp_path / "fleet"), plan, now=NOON, actor="tests", passphrase=None)
            fleet = stack.enter_context(open_fleet(tmp_path / "fleet"))
            quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
            accounts = FleetAccounts(fleet.store, lambda: made.now, quick)
            watch = stack.enter_context(Watch(fleet.store, lambda: made.now))
            made = Office(fleet, watch, accounts)
            return made

        yield open_one


@pytest.fixture
def office(open_office: OpenOffice) -> Office:
    """A fleet on SQLite where nothing needs a second person."""
    return open_office()


@pytest.fixture
def browse() -> Iterator[Callable[..., TestClient]]:
    """Give a browser without script; with a role, somebody of that role has signed in there."""
    clients: list[TestClient] = []

    def open_one(office: Office, role: Role | None = None, name: str = "hanako") -> TestClient:
        client = TestClient(office.console(), base_url=HOST, headers={"origin": HOST})
        clients.append(client)
        if role is not None:
            if not office.accounts.known(name):
                office.add_person(name, role)
            signed_in = client.post("/sign-in", data={"name": name, "password": PASSWORD})
            assert signed_in.url.path == "/units"
        return client

    yield open_one
    for client in clients:
        client.close()


@pytest.fixture
def submit() -> Callable[..., httpx2.Response]:
    """Send a form as a page of the console would."""

    def send(client: TestClient, path: str, **fields: str) -> httpx2.Response:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/me").text)
        assert found is not None
        return client.post(path, data={"csrf": found[1], **fields})

    return send
