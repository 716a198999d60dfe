"""A unit as it is started, a process, is set, set wrongly and wiped by its fleet over a real broker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from joserfc.jwk import ECKey

from device.app.claiming import claim_unit
from device.app.home import Home
from device.wire.codec import decode
from device.wire.fleet import WipeReceipt
from device.wire.sealing import verify
from provisioning.fleet import acting
from provisioning.fleet.entrance import Ticketed
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.private import PrivateFleet
from provisioning.fleet.settings import put
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Unit
from provisioning.fleet.worker import Worker

pytestmark = pytest.mark.broker

PATIENCE_S = 60.0
Look = Callable[[], Unit]


@pytest.fixture
def unit(running: PrivateFleet) -> Look:
    """What the fleet knows of it."""

    def look() -> Unit:
        with running.fleet.store.begin(utc_now()) as work:
            return work.units.find("sim-u1")

    return look


@pytest.fixture
def home(running: PrivateFleet, worker: Worker, tickets: Callable[..., list[Ticketed]], tmp_path: Path) -> Home:
    """A claimed unit that says often how it is, and tries settings for a second."""
    del worker
    [made] = tickets()
    clinic = running.fleet.places.sites / made.unit.site / "clinic.public.jwk"
    clinic.parent.mkdir(parents=True, exist_ok=True)
    clinic.write_bytes(msgspec.json.encode(ECKey.generate_key("P-256").as_dict(private=False)))
    home = Home(tmp_path / "unit")
    claim_unit(made.ticket, home, timeout_s=30)
    text = home.config.read_text()
    home.config.write_text(text.replace("member = true", "member = true\nhealth_s = 5\ntrial_s = 1"))
    return home


@pytest.fixture
def process(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """`uketsuke run`."""
    with (home.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from device.app.cli import main; main()", "run", "--config", home.config],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


@pytest.fixture
def eventually(process: subprocess.Popen[bytes], home: Home) -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds, as long as the unit lives."""
    tick = threading.Event()

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            log = (home.folder / "log").read_text(errors="replace")[-2_000:]
            assert process.poll() is None, f"the unit ended: {log}"
            assert time.monotonic() < deadline, f"it never came true; the unit said: {log}"
            tick.wait(0.05)

    return wait


def test_it_starts_anew_with_settings_goes_back_from_bad_ones_and_wipes_itself_with_a_signed_receipt(
    running: PrivateFleet,
    home: Home,
    process: subprocess.Popen[bytes],
    unit: Look,
    eventually: Callable[[Callable[[], bool]], None],
) -> None:
    eventually(lambda: unit().state is UnitState.ACTIVE and unit().health is not None)
    first_life = unit().birth_id

    put(running.fleet, "fleet", {"voice": {"volume": 55}}, expected=0, why="loud", now=utc_now(), actor="t")
    eventually(lambda: unit().twin_status == "applied")
    second_life = unit().birth_id
    assert second_life != first_life, "settings come into force by a new start"

    with socket.create_server(("127.0.0.1", 0)) as taken:
        wrong = {"voice": {"volume": 55}, "upkeep": {"metrics_port": taken.getsockname()[1]}}
        put(running.fleet, "fleet", wrong, expected=1, why="watch it", now=utc_now(), actor="t")
        eventually(lambda: unit().twin_status == "rolled_back")
    assert unit().twin_reported == 1
    assert "metrics_port" in (unit().twin_report or "")
    assert process.poll() is None, "it serves with the settings before"

    acting.decommission(running.fleet, "sim-u1", written_off=False, why="old", now=utc_now(), actor="t")
    assert process.wait(PATIENCE_S) == 0
    deadline = time.monotonic() + PATIENCE_S
    while unit().state is not UnitState.DECOMMISSIONED and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    with running.fleet.store.begin(utc_now()) as work:
        [wiped] = [entry for entry in work.audit.entries("sim-u1") if entry.action == "unit.wiped"]
    authority = running.fleet.authority().certificate
    jws = msgspec.json.decode(wiped.detail)["receipt"]
    receipt: WipeReceipt = decode(verify(jws, speaker="sim-u1", authority=authority, at=utc_now()), WipeReceipt)
    assert "key" in receipt.wiped
    assert not home.key.exists()
    assert not home.certificate.exists()
    assert not any((home.folder / "state").glob("fleet-*"))
