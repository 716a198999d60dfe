"""A fleet with a broker of its own on this machine, in one folder: for tests, the demonstration and the load test."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec.structs import replace as changed

from device.whole_file import PUBLIC
from provisioning.broker import CLAIMS_CERTIFICATE
from provisioning.files import write_whole
from provisioning.fleet.create import create_fleet
from provisioning.fleet.fleet import Fleet, open_fleet, utc_now
from provisioning.fleet.plan import (
    BenchSection,
    BrokerSection,
    ClaimsSection,
    FleetPlan,
    FleetSection,
    Places,
    ServiceSection,
    StoreSection,
    write_plan,
)
from provisioning.mosquitto import RunningBroker, run_mosquitto
from provisioning.pki import IdentityFiles


@dataclass(frozen=True, slots=True)
class PrivateFleet:
    """The fleet, and the broker that runs."""

    fleet: Fleet
    broker: RunningBroker


@contextlib.contextmanager
def run_private_fleet(
    folder: Path,
    *,
    branch: str = "simulation",
    host: str = "127.0.0.1",
    store_url: str | None = None,
    claims: ClaimsSection | None = None,
    service: ServiceSection | None = None,
    bench: BenchSection | None = None,
) -> Iterator[PrivateFleet]:
    """Make a fleet in `folder` and run its broker on free ports of 127.0.0.1 until the block ends.

    `host` is what its units know it by, where that is another name for this machine.
    Raise BadConfig or Fault as `create_fleet` and `run_mosquitto` do.
    """
    plan = FleetPlan(
        fleet=FleetSection(name="private", branch="simulation" if branch == "simulation" else "production"),
        broker=BrokerSection(host=host, address="127.0.0.1", account=pwd.getpwuid(os.geteuid()).pw_name),
        store=StoreSection(url=store_url) if store_url else StoreSection(),
        claims=claims or ClaimsSection(),
        service=service or ServiceSection(),
        bench=bench or BenchSection(),
    )
    places = Places(folder)
    create_fleet(places, plan, now=utc_now(), actor="private", passphrase=None)
    site = places.site_broker(plan)
    with run_mosquitto(
        folder / "run",
        branch=plan.branch,
        authority=site.authority,
        identity=IdentityFiles(key=site.key, certificate=site.certificate),
        revoked=places.revoked,
        claims=places.broker / CLAIMS_CERTIFICATE,
        save_s=site.save_s,
    ) as broker:
        section = changed(plan.broker, port=broker.port, admin_port=broker.admin_port, claim_port=broker.claim_port)
        plan = changed(plan, broker=section)
        write_plan(plan, places.plan)
        write_whole(places.pid_file, f"{broker.pid}\n".encode(), mode=PUBLIC)
        with open_fleet(folder) as fleet:
            yield PrivateFleet(replace(fleet, plan=plan), broker)
