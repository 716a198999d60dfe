"""A unit is claimed over a real broker: once, by one key, and every no says at which step and why."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from device.app.claiming import claim_unit
from device.app.home import Home, ran_out, rescue_ticket
from device.domain.errors import Fault
from device.wire.fleet import ClaimGranted
from device.wire.ticket import Ticket
from provisioning.fleet.entrance import Ticketed, bring_in, new_ticket
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.plan import ClaimsSection
from provisioning.fleet.private import PrivateFleet, run_private_fleet
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import NewUnit
from provisioning.fleet.worker import Worker

pytestmark = pytest.mark.broker

HERE, ELSEWHERE = "5e" * 32, "1a" * 32
Tickets = Callable[..., list[Ticketed]]
States = Callable[[], dict[str, UnitState]]


def claim(ticket: Ticket, folder: Path, *, hardware: str = HERE) -> ClaimGranted:
    home = Home(folder)
    return claim_unit(ticket, home, timeout_s=10, hardware=hardware)


def test_a_unit_gets_its_identity_with_a_key_that_never_left_it(
    worker: Worker, tickets: Tickets, states: States, tmp_path: Path
) -> None:
    del worker
    [made] = tickets()
    granted = claim(made.ticket, tmp_path / "unit")

    assert granted.unit == made.unit.name
    assert states() == {made.unit.name: UnitState.PENDING}
    assert stat.S_IMODE((tmp_path / "unit/unit.key.pem").stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate((tmp_path / "unit/unit.cert.pem").read_bytes())
    assert certificate.public_key() != made.ticket.certificate.public_key()
    assert 'name = "sim-u1"' in (tmp_path / "unit/unit.toml").read_text()


def test_asked_again_with_the_same_key_the_answer_is_the_same(
    worker: Worker, tickets: Tickets, audited: Callable[[str], list[str]], tmp_path: Path
) -> None:
    del worker
    [made] = tickets()
    first = claim(made.ticket, tmp_path / "unit")
    again = claim(made.ticket, tmp_path / "unit")

    assert again.certificate == first.certificate
    assert audited(made.unit.name) == ["import", "claim.granted", "claim.again"]


def test_a_ticket_that_was_copied_is_refused_and_the_admin_alarmed(
    running: PrivateFleet, worker: Worker, tickets: Tickets, audited: Callable[[str], list[str]], tmp_path: Path
) -> None:
    del worker
    [made] = tickets()
    claim(made.ticket, tmp_path / "unit")
    with pytest.raises(Fault, match="at step key: another key has used this ticket"):
        claim(made.ticket, tmp_path / "thief", hardware=ELSEWHERE)

    assert not (tmp_path / "thief/unit.cert.pem").exists()
    assert audited(made.unit.name)[-1].startswith("claim.refused key another key")
    with running.fleet.store.begin(utc_now()) as work:
        assert work.units.find(made.unit.name).alarm is not None


def test_a_memory_card_that_was_copied_before_the_claim_shows_by_its_board(
    worker: Worker, tickets: Tickets, tmp_path: Path
) -> None:
    del worker
    [made] = tickets()
    claim(made.ticket, tmp_path / "unit")
    with pytest.raises(Fault, match="two boards"):
        claim(made.ticket, tmp_path / "unit", hardware=ELSEWHERE)


def test_a_ticket_that_a_newer_one_replaced_is_refused(
    running: PrivateFleet, worker: Worker, tickets: Tickets, tmp_path: Path
) -> None:
    del worker
    [made] = tickets()
    newer = new_ticket(running.fleet, made.unit.serial, now=utc_now(), actor="tests")
    with pytest.raises(Fault, match="replaced by a newer one"):
        claim(made.ticket, tmp_path / "unit")
    assert claim(newer.ticket, tmp_path / "unit").unit == made.unit.name


def test_twenty_units_at_once_each_become_themselves(
    worker: Worker, tickets: Tickets, states: States, tmp_path: Path
) -> None:
    del worker
    made = tickets(20)
    with ThreadPoolExecutor(20) as pool:
        granted = list(pool.map(lambda one: claim(one.ticket, tmp_path / one.unit.name), made))
    assert [one.unit for one in granted] == [one.unit.name for one in made]
    assert set(states().values()) == {UnitState.PENDING}


def test_a_unit_whose_certificate_ran_out_comes_back_with_the_same_key_and_nobody_s_help(tmp_path: Path) -> None:
    # Certificates of this fleet are good for a moment only.
    moment = ClaimsSection(certificate_days=0.5 / 86_400)
    with run_private_fleet(tmp_path / "fleet", claims=moment) as private:
        now = utc_now()
        [made] = bring_in(
            private.fleet, [NewUnit(name="sim-u1", serial="SN1", site="", profile="")], now=now, actor="tests"
        )
        worker = private.fleet.worker(1)
        worker.start()
        try:
            claim(made.ticket, tmp_path / "unit")
            home = Home(tmp_path / "unit")
            key, first = home.key.read_bytes(), home.certificate.read_bytes()
            while not ran_out(home, utc_now()):
                assert utc_now() - now < timedelta(seconds=10)
            with private.fleet.store.begin(utc_now()) as work:
                work.units.move(work.units.find("sim-u1"), UnitState.ACTIVE, "heard")
                work.claims.burn("sim-u1")

            claim(rescue_ticket(home), tmp_path / "unit")
        finally:
            worker.close()
        assert home.key.read_bytes() == key
        assert home.certificate.read_bytes() != first
        with private.fleet.store.begin(utc_now()) as work:
            assert work.audit.entries("sim-u1")[0].action == "claim.rescued"
