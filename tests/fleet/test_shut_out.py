"""Who is revoked is out, and a ticket's certificate opens nothing but its claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from device.app.claiming import claim_unit
from device.app.home import Home
from device.domain.errors import Fault
from provisioning.fleet.acting import revoke
from provisioning.fleet.entrance import Ticketed
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.private import PrivateFleet
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.worker import Worker
from provisioning.knock import Door, knock

pytestmark = pytest.mark.broker
Tickets = Callable[..., list[Ticketed]]


@pytest.fixture
def home(worker: Worker, tickets: Tickets, tmp_path: Path) -> Home:
    """A unit that was claimed."""
    del worker
    [made] = tickets()
    home = Home(tmp_path / "unit")
    claim_unit(made.ticket, home, timeout_s=10, hardware="5e" * 32)
    return home


@pytest.fixture
def ticket_door(running: PrivateFleet, tickets: Tickets, tmp_path: Path) -> tuple[str, Door]:
    """A claim's name, and the door for who holds its ticket."""
    [made] = tickets()
    pem = serialization.Encoding.PEM
    files = {
        "authority": made.ticket.authority.public_bytes(pem),
        "certificate": made.ticket.certificate.public_bytes(pem),
        "key": made.ticket.key_pem,
    }
    paths = {name: tmp_path / f"{name}.pem" for name in files}
    for name, content in files.items():
        paths[name].write_bytes(content)
    assert running.broker.claim_port is not None
    return made.ticket.claim, Door(host="127.0.0.1", port=running.broker.claim_port, **paths)


def door_of(home: Home, port: int) -> Door:
    return Door(host="127.0.0.1", port=port, authority=home.authority, certificate=home.certificate, key=home.key)


def test_a_revoked_unit_is_refused_and_a_second_time_changes_nothing(running: PrivateFleet, home: Home) -> None:
    door = door_of(home, running.broker.port)
    knock(door, client_id="sim-u1")

    for _ in range(2):
        effect = revoke(running.fleet, "sim-u1", why="stolen", now=utc_now(), actor="tests")
        assert effect.enforced, effect.words
        with pytest.raises(Fault):
            knock(door, client_id="sim-u1")
    with running.fleet.store.begin(utc_now()) as work:
        assert work.units.find("sim-u1").state is UnitState.REVOKED


def test_without_a_broker_the_revocation_is_kept_and_the_admin_told(running: PrivateFleet, home: Home) -> None:
    del home
    running.fleet.places.pid_file.write_text("1\n")
    effect = revoke(running.fleet, "sim-u1", why="stolen", now=utc_now(), actor="tests")

    assert not effect.enforced
    assert "start the broker, then give the command again" in effect.words


def test_a_ticket_opens_the_claims_listener_alone(running: PrivateFleet, ticket_door: tuple[str, Door]) -> None:
    claim, door = ticket_door
    knock(door, client_id=claim)
    for port in (running.broker.port, running.broker.admin_port):
        elsewhere = Door(
            host=door.host, port=port, authority=door.authority, certificate=door.certificate, key=door.key
        )
        with pytest.raises(Fault):
            knock(elsewhere, client_id=claim)


def test_a_unit_s_certificate_does_not_open_the_claims_listener(running: PrivateFleet, home: Home) -> None:
    assert running.broker.claim_port is not None
    with pytest.raises(Fault):
        knock(door_of(home, running.broker.claim_port), client_id="sim-u1")
