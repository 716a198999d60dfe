"""A worker that is killed in the middle loses nobody's message and no job."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from device.domain.values import UnitId
from device.wire import topics
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.load import phases
from provisioning.fleet.load.run import run_service
from provisioning.fleet.load.units import make_units
from provisioning.fleet.orders import command
from provisioning.fleet.plan import write_plan
from provisioning.fleet.private import run_private_fleet
from provisioning.fleet.store.states import JobState
from provisioning.mosquitto import free_port

pytestmark = pytest.mark.broker

UNITS = 30
PATIENCE_S = 30.0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whatever_a_killed_worker_had_in_hand_is_dealt_with_by_the_next(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql_url") if kind == "postgresql" else None
    folder = tmp_path / "fleet"
    with run_private_fleet(folder, store_url=url) as private:
        fleet = private.fleet
        plan = replace(fleet.plan, service=replace(fleet.plan.service, metrics_port=free_port()))
        write_plan(plan, fleet.places.plan)
        units = make_units(fleet, UNITS, tmp_path / "scratch.pem", now=utc_now())
        orders: list[str] = []

        async def speak() -> None:
            """Say everything, and kill whoever listens at once."""
            lights, _ = await phases.come_up(units, "127.0.0.1", private.broker.port)
            for light in lights:
                await light.subscribe(topics.down(UnitId(light.client_id), topics.Down.COMMAND))
                light.on_message = lambda topic, _payload: orders.append(topic)
            with fleet.store.begin(utc_now()) as work:
                for one in units:
                    command(work, one.name, "send_logs")
            said = [
                light.publish(topics.up(UnitId(one.name), topics.Up.HEALTH), phases.health_of(one))
                for one, light in zip(units, lights, strict=True)
            ]
            await asyncio.gather(*said)
            first.process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(first.process.wait)
            with run_service(folder, 1, plan.service.metrics_port):
                await asyncio.to_thread(all_is_done)
            for light in lights:
                await light.close()

        def all_is_done() -> None:
            deadline_s, tick = time.monotonic() + PATIENCE_S, threading.Event()
            while time.monotonic() < deadline_s:
                with fleet.store.begin(utc_now()) as work:
                    heard = [unit.name for unit in work.units.listed() if unit.health is not None]
                    queued = work.jobs.listed(states=[JobState.QUEUED])
                if len(heard) == UNITS and not queued:
                    return
                tick.wait(0.05)
            pytest.fail(f"{len(heard)} of {UNITS} heard, {len(queued)} jobs left")

        with run_service(folder, 1, plan.service.metrics_port) as first:
            asyncio.run(speak())
    assert set(orders) == {topics.down(UnitId(one.name), topics.Down.COMMAND) for one in units}
