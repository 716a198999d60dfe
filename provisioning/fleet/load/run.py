"""A whole load test: a fleet in a folder of its own, its service as a process, light units in this one."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from device.domain.errors import Fault
from device.domain.reasons import Reason
from provisioning.fleet.entrance import Ticketed, bring_in
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.load import phases
from provisioning.fleet.load.phases import Measured, Service
from provisioning.fleet.load.units import make_units
from provisioning.fleet.plan import write_plan
from provisioning.fleet.private import PrivateFleet, run_private_fleet
from provisioning.fleet.store.units import NewUnit
from provisioning.mosquitto import free_port

STOP_S = 20.0
FILES_PER_UNIT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much of what."""

    units: int = 5_000
    """That send heartbeats."""
    claims: int = 200
    storm: int = 1_000
    storm_claims: int = 50
    jitter_s: float = 15.0
    every_s: float = 15.0
    seconds: float = 45.0
    flood: int = 10_000
    revoke: int = 10
    workers: int = 1
    store_url: str | None = None


def run(load: Load, folder: Path, *, tell: Callable[[Measured], None]) -> list[Measured]:
    """Measure everything; `tell` hears of each phase when it is over. Raise Fault when a part does not come up."""
    phases.raise_file_limit(FILES_PER_UNIT * max(load.units, load.storm) + 1_000)
    with run_private_fleet(folder, store_url=load.store_url) as private:
        fleet = private.fleet
        plan = replace(fleet.plan, service=replace(fleet.plan.service, metrics_port=free_port()))
        write_plan(plan, fleet.places.plan)
        with run_service(folder, load.workers, plan.service.metrics_port) as service:
            return asyncio.run(_measure(load, private, service, folder / "scratch.pem", tell))


async def _measure(
    load: Load, private: PrivateFleet, service: Service, scratch: Path, tell: Callable[[Measured], None]
) -> list[Measured]:
    found: list[Measured] = []

    def note(measured: Measured) -> None:
        found.append(measured)
        tell(measured)

    fleet, port = private.fleet, private.broker.port
    authority = fleet.places.authority_certificate
    note(await phases.claims(_tickets(fleet, load.claims, "C"), authority, scratch, service))
    units = make_units(fleet, max(load.units, load.storm), scratch, now=utc_now())
    lights, measured = await phases.come_up(units, "127.0.0.1", port)
    note(measured)
    beating = units[: load.units], lights[: load.units]
    note(await phases.heartbeats(*beating, service, every_s=load.every_s, for_s=load.seconds))
    note(await phases.flood(*beating, service, messages=load.flood))
    made = _tickets(fleet, load.storm_claims, "S")
    storm, _ = await phases.storm(lights[: load.storm], made, authority, scratch, service, jitter_s=load.jitter_s)
    note(storm)
    note(await phases.revocations(fleet, lights[: load.revoke]))
    for light in lights:
        await light.close()
    return found


def _tickets(fleet: Fleet, how_many: int, series: str) -> list[Ticketed]:
    units = [
        NewUnit(name=f"sim-{series.lower()}{number:05}", serial=f"{series}{number:05}", site="load", profile="")
        for number in range(how_many)
    ]
    return bring_in(fleet, units, now=utc_now(), actor="loadtest")


@contextlib.contextmanager
def run_service(folder: Path, workers: int, metrics_port: int) -> Iterator[Service]:
    """Run the service of a fleet as a process until the block ends. Raise Fault when it does not come up."""
    chosen = [word for number in range(1, workers + 1) for word in ("--worker", str(number))]
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "provisioning.fleet.cli", "serve", "--fleet", folder, "--json", *chosen],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        if process.stdout is None or b"ready" not in process.stdout.readline():
            words = (folder / "service.log").read_text(errors="replace")[-500:]
            raise Fault(f"the service did not start: {words}", part="service", reason=Reason.INTERNAL_FAULT)
        yield Service(process, metrics_port)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
