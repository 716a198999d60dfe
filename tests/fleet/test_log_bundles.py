from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from provisioning.fleet.create import create_fleet
from provisioning.fleet.fleet import open_fleet
from provisioning.fleet.plan import BrokerSection, FleetPlan, FleetSection, Places
from provisioning.fleet.store.units import NewUnit


def test_a_worker_deletes_what_its_time_is_over_of(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    plan = FleetPlan(
        fleet=FleetSection(name="tests", branch="simulation"),
        broker=BrokerSection(host="127.0.0.1", address="127.0.0.1"),
    )
    create_fleet(Places(tmp_path / "fleet"), plan, now=now, actor="tests", passphrase=None)
    with open_fleet(tmp_path / "fleet") as fleet:
        with fleet.store.begin(now) as work:
            work.units.add([NewUnit(name="sim-u1", serial="A-1", site="", profile="")])
            work.bundles.keep("b1", "sim-u1", b"lines", until=now + timedelta(days=7))
        desk = fleet.desk("fleet-worker-1")

        for days in (0, 6, 7):
            desk.work(now + timedelta(days=days))
            with fleet.store.begin(now) as work:
                # The clock of whoever looks has stood still: what is there is what lies in the base.
                assert (work.bundles.content("b1") is not None) is (days < 7), days
