"""A fleet's store on each base: a file of SQLite, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec
import psycopg
import pytest

from provisioning.fleet.entrance import Ticketed, bring_in
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.private import PrivateFleet, run_private_fleet
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import NewUnit
from provisioning.fleet.worker import Worker

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
AUDIT_KEY = b"invented for the tests, 32 bytes"
START_S = 30.0
PATIENCE_S = 30.0
"""Only a test that fails waits this long."""
_schemas = count(1)


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL on a socket in a folder of its own; give the folder."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    # It refuses to run as root; Debian's package brings an account.
    account = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="fleet-pg-"))
    try:
        shutil.chown(folder, account)
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "fleet", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True,
            capture_output=True,
            user=account,
            cwd=folder,
        )
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"],
                stdout=log,
                stderr=subprocess.STDOUT,
                user=account,
                cwd=folder,
            )
        try:
            _wait(child, folder)
            yield str(folder)
        finally:
            child.send_signal(signal.SIGINT)
            child.wait(START_S)
    finally:
        shutil.rmtree(folder)


def _wait(child: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        try:
            psycopg.connect(host=str(folder), user="fleet", dbname="postgres").close()
        except psycopg.OperationalError:
            try:
                child.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            return
    raise RuntimeError((folder / "log").read_text())


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """The address of an empty schema."""
    schema = f"t{next(_schemas)}"
    with psycopg.connect(host=postgresql, user="fleet", dbname="postgres", autocommit=True) as base:
        base.execute(f"CREATE SCHEMA {schema}".encode())
    return f"postgresql://fleet@/postgres?host={postgresql}&options=-csearch_path%3D{schema}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store, of each kind."""
    if request.param == "postgresql":
        address: str = request.getfixturevalue("postgresql_url")
        return address
    return f"sqlite:///{tmp_path}/fleet.sqlite"


@pytest.fixture
def open_store() -> Iterator[Callable[..., FleetStore]]:
    """Open a store at an address; it is closed at the end."""
    opened: list[FleetStore] = []

    def start(address: str, *, create: bool = False) -> FleetStore:
        opened.append(FleetStore(address, audit_key=AUDIT_KEY, create=create))
        return opened[-1]

    yield start
    for store in opened:
        store.close()


@pytest.fixture
def store(url: str, open_store: Callable[..., FleetStore]) -> FleetStore:
    """An empty store, of each kind."""
    return open_store(url, create=True)


@pytest.fixture
def now() -> datetime:
    """When the tests' fleet lives."""
    return NOW


@pytest.fixture
def running(tmp_path: Path) -> Iterator[PrivateFleet]:
    """A fleet on SQLite with a broker of its own; no worker yet."""
    with run_private_fleet(tmp_path / "fleet") as private:
        yield private


@pytest.fixture
def worker(running: PrivateFleet) -> Iterator[Worker]:
    """Its first worker, at work."""
    worker = running.fleet.worker(1)
    worker.start()
    try:
        assert worker.line.ready.wait(PATIENCE_S)
        yield worker
    finally:
        worker.close()


@pytest.fixture
def tickets(running: PrivateFleet) -> Callable[..., list[Ticketed]]:
    """Bring new units in; their tickets come back."""
    numbers = count(1)

    def bring(how_many: int = 1, *, site: str = "clinic-1", profile: str = "") -> list[Ticketed]:
        units = [
            NewUnit(name=f"sim-u{number}", serial=f"SN{number}", site=site, profile=profile)
            for number in itertools.islice(numbers, how_many)
        ]
        return bring_in(running.fleet, units, now=utc_now(), actor="tests")

    return bring


@pytest.fixture
def states(running: PrivateFleet) -> Callable[[], dict[str, UnitState]]:
    """Every unit's state."""

    def look() -> dict[str, UnitState]:
        with running.fleet.store.begin(utc_now()) as work:
            return {unit.name: unit.state for unit in work.units.listed()}

    return look


@pytest.fixture
def audited(running: PrivateFleet) -> Callable[[str], list[str]]:
    """What the audit says of a unit, the oldest first: the action and why."""

    def look(subject: str) -> list[str]:
        with running.fleet.store.begin(utc_now()) as work:
            entries = work.audit.entries(subject)[::-1]
        said = [(entry.action, msgspec.json.decode(entry.detail)) for entry in entries]
        return [
            " ".join([action, *(str(detail[key]) for key in ("step", "why") if key in detail)])
            for action, detail in said
        ]

    return look
