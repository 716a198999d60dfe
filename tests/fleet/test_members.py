"""Units live in their fleet over a real broker: settings that hold or go back, quarantine, logs, renewal, the end."""

from __future__ import annotations

import gzip
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from device.app.claiming import claim_unit
from device.app.config import KeySection
from device.app.demo.member import SimulatedMember
from device.app.home import Home
from device.app.key_parts import key_text
from device.domain.errors import BadConfig
from device.drivers.paho_line import BrokerAddress
from device.link.fleet import FleetPolicy
from provisioning.fleet import acting
from provisioning.fleet.entrance import Ticketed
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.orders import command
from provisioning.fleet.private import PrivateFleet
from provisioning.fleet.settings import drift, put
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Unit
from provisioning.fleet.worker import Worker

pytestmark = pytest.mark.broker

PATIENCE_S = 15.0
HARDWARE = "5e" * 32
Look = Callable[[], Unit]
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until something holds."""
    tick = threading.Event()

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, "it never came true"
            tick.wait(0.02)

    return wait


@pytest.fixture
def join(running: PrivateFleet, worker: Worker, tmp_path: Path) -> Iterator[Callable[..., SimulatedMember]]:
    """Claim a unit and let it live."""
    del worker
    alive: list[SimulatedMember] = []

    def begin(
        made: Ticketed, *, folder: str = "unit", hardware: str = HARDWARE, claimed: bool = False
    ) -> SimulatedMember:
        home = Home.at(tmp_path / folder)
        if not claimed:
            claim_unit(made.ticket, home, timeout_s=10, hardware=hardware)
        address = BrokerAddress("127.0.0.1", running.broker.port)
        policy = replace(FleetPolicy(), health_every_s=0.2)
        member = SimulatedMember(made.unit.name, home, address, hardware=hardware, policy=policy)
        member.start()
        alive.append(member)
        return member

    yield begin
    for member in alive:
        member.close()


@pytest.fixture
def unit(running: PrivateFleet) -> Look:
    """What the fleet knows of the first unit."""

    def look() -> Unit:
        with running.fleet.store.begin(utc_now()) as work:
            return work.units.find("sim-u1")

    return look


@pytest.fixture
def member(
    join: Callable[..., SimulatedMember], tickets: Callable[..., list[Ticketed]], unit: Look, eventually: Eventually
) -> SimulatedMember:
    """A unit that is active."""
    [made] = tickets()
    member = join(made)
    eventually(lambda: unit().state is UnitState.ACTIVE and unit().health is not None)
    return member


def test_a_unit_is_active_when_it_was_heard_and_its_ticket_is_burned(
    running: PrivateFleet, member: SimulatedMember, unit: Look
) -> None:
    assert unit().online
    assert unit().birth_id == member.birth_id
    with running.fleet.store.begin(utc_now()) as work:
        assert "burned" in {claim.state.value for claim in work.claims.of_unit("sim-u1")}


def test_settings_arrive_and_are_reported(
    running: PrivateFleet, member: SimulatedMember, unit: Look, eventually: Eventually
) -> None:
    put(running.fleet, "site/clinic-1", {"voice": {"volume": 55}}, expected=0, why="x", now=utc_now(), actor="t")

    eventually(lambda: unit().twin_status == "applied")
    assert member.settings.settings == {"voice": {"volume": 55}}
    assert drift(unit(), None) == []


def test_settings_that_break_the_unit_go_back_and_the_reason_is_told(
    running: PrivateFleet, member: SimulatedMember, unit: Look, eventually: Eventually
) -> None:
    put(running.fleet, "fleet", {"voice": {"volume": 55}}, expected=0, why="good", now=utc_now(), actor="t")
    eventually(lambda: unit().twin_status == "applied")
    broken: dict[str, dict[str, object]] = {"voice": {"volume": 55}, "camera": {"source": "folder:/no/such/place"}}
    put(running.fleet, "fleet", broken, expected=1, why="bad", now=utc_now(), actor="t")

    eventually(lambda: unit().twin_status == "rolled_back")
    assert member.settings.settings == {"voice": {"volume": 55}}
    [words] = drift(unit(), None)
    assert str(words) == "has version 1, should have 2 (rolled_back)"
    assert words.say("ja") == "第1版のまま、第2版のはず(試して元に戻した)"
    assert "there is no folder /no/such/place" in (unit().twin_report or "")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"voice": {"volum": 5}}, "no such option. Did you mean 'volume'?"),
        ({"voyce": {}}, "no such section. Did you mean 'voice'?"),
        ({"voice": {"volume": 500}}, "greater than the maximum"),
        ({"broker": {"host": "evil.example"}}, "its own file alone"),
        ({"attendants": {"passcodes": {str(n): "x" * 60 for n in range(800)}}}, "the limit is 32768"),
    ],
)
def test_settings_that_no_unit_takes_are_refused_before_they_are_sent(
    running: PrivateFleet, settings: dict[str, dict[str, object]], words: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        put(running.fleet, "fleet", settings, expected=0, why="x", now=utc_now(), actor="t")
    assert words in str(caught.value)


def test_a_quarantined_unit_serves_nobody_and_still_tells_how_it_is(
    running: PrivateFleet, member: SimulatedMember, unit: Look, eventually: Eventually
) -> None:
    acting.quarantine(running.fleet, "sim-u1", why="odd results", now=utc_now(), actor="t")
    eventually(lambda: member.mode == "quarantined" and unit().twin_status == "applied")
    before = unit().health_at
    eventually(lambda: unit().health_at != before)

    acting.release(running.fleet, "sim-u1", why="was the cable", now=utc_now(), actor="t")
    eventually(lambda: member.mode == "serve")


def test_logs_come_when_they_are_asked_for(
    running: PrivateFleet, member: SimulatedMember, eventually: Eventually
) -> None:
    del member
    with running.fleet.store.begin(utc_now()) as work:
        name = command(work, "sim-u1", "send_logs")

    def content() -> bytes | None:
        with running.fleet.store.begin(utc_now()) as work:
            return work.bundles.content(name)

    eventually(lambda: content() is not None)
    assert b"simulated unit" in gzip.decompress(content() or b"")


def test_a_unit_renews_its_certificate_with_a_new_key(
    running: PrivateFleet, member: SimulatedMember, unit: Look, eventually: Eventually, tmp_path: Path
) -> None:
    del member
    before, first_key = unit().certificate, (tmp_path / "unit/unit.key.pem").read_bytes()
    with running.fleet.store.begin(utc_now()) as work:
        command(work, "sim-u1", "renew")

    eventually(lambda: unit().certificate != before)
    key = tmp_path / "unit/unit.key.pem"
    assert key.read_bytes() != first_key
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate((tmp_path / "unit/unit.cert.pem").read_bytes())
    assert f"{certificate.serial_number:x}" == unit().certificate


def test_a_unit_that_is_decommissioned_wipes_itself_and_leaves_a_signed_receipt(
    running: PrivateFleet, member: SimulatedMember, unit: Look, eventually: Eventually, tmp_path: Path
) -> None:
    acting.decommission(running.fleet, "sim-u1", written_off=False, why="old", now=utc_now(), actor="t")

    eventually(lambda: unit().state is UnitState.DECOMMISSIONED)
    assert member.vanished.wait(PATIENCE_S)
    assert not (tmp_path / "unit/unit.key.pem").exists()
    with running.fleet.store.begin(utc_now()) as work:
        wiped = next(entry for entry in work.audit.entries("sim-u1") if entry.action == "unit.wiped")
    assert "receipt" in wiped.detail


@pytest.mark.parametrize("kind", ["tpm", "pkcs11"])
def test_a_unit_whose_key_is_no_file_lives_the_same_life(
    kind: str,
    key_place: Callable[[str], KeySection],
    running: PrivateFleet,
    join: Callable[..., SimulatedMember],
    tickets: Callable[..., list[Ticketed]],
    unit: Look,
    eventually: Eventually,
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "unit")
    home.folder.mkdir()
    (home.folder / "key.toml").write_text(key_text(key_place(kind)))
    [made] = tickets()
    member = join(made)
    eventually(lambda: unit().state is UnitState.ACTIVE)
    assert b"BEGIN PRIVATE KEY" not in home.key.read_bytes()
    assert f'store = "{kind}"' in home.config.read_text()

    before, first_key = unit().certificate, home.key.read_bytes()
    with running.fleet.store.begin(utc_now()) as work:
        command(work, "sim-u1", "renew")
    eventually(lambda: unit().certificate != before)
    assert home.key.read_bytes() != first_key

    member.close()
    again = join(made, claimed=True)
    eventually(lambda: unit().birth_id == again.birth_id)
    acting.decommission(running.fleet, "sim-u1", written_off=False, why="old", now=utc_now(), actor="t")
    eventually(lambda: unit().state is UnitState.DECOMMISSIONED)
    assert again.vanished.wait(PATIENCE_S)
    assert not home.key.exists()


def test_a_copied_memory_card_is_told_by_its_board(
    member: SimulatedMember,
    join: Callable[..., SimulatedMember],
    running: PrivateFleet,
    unit: Look,
    eventually: Eventually,
) -> None:
    with running.fleet.store.begin(utc_now()) as work:
        made = Ticketed(work.units.find("sim-u1"), None, Path())  # type: ignore[arg-type]  # it was used already
    member.close()
    join(made, hardware="1a" * 32, claimed=True)

    eventually(lambda: unit().alarm is not None)
    assert "its memory card was copied or moved" in (unit().alarm or "")
