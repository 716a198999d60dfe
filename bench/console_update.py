"""How long after a unit's line is gone, as the store has it, the fleet's page shows it, in a real browser.

The store is written by a connection of its own, as the service does it: the page learns of it by looking.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from playwright.sync_api import Page

from bench.browser import enter, find_chromium, open_page, when_seen
from provisioning.console.app import ConsoleParts, build_console
from provisioning.console.watch import Watch
from provisioning.fleet.accounts import FleetAccounts
from provisioning.fleet.create import create_fleet, read_audit_key
from provisioning.fleet.fleet import open_fleet, utc_now
from provisioning.fleet.plan import BrokerSection, FleetPlan, FleetSection, Places
from provisioning.fleet.store.database import FleetStore
from provisioning.fleet.store.states import UnitState
from provisioning.fleet.store.units import Heard, NewUnit
from provisioning.web.server import serve

PASSWORD = "bench bench bench 1"  # noqa: S105  of a fleet that lives as long as the measurement
AIM_MS = 1_000
SIZES = (20, 5_000)


@dataclass(frozen=True, slots=True)
class ConsoleUpdate:
    """From the commit to the map."""

    units: int
    changes: int
    median_ms: float
    slowest_ms: float
    page_ms: float
    """What the whole map takes to be made and to be there."""


def say(changes: int) -> list[str]:
    """Measure, and tell it in lines."""
    if (chromium := find_chromium()) is None:
        return ["The fleet's page: not measured, there is no Chromium here\n"]
    told = [f"From a unit's end of line in the store to the map in Chromium (aim: at most {AIM_MS} ms)"]
    for units in SIZES:
        one = measure(units, changes, chromium)
        told.append(
            f"  {one.units} units, {one.changes} changes: median {one.median_ms:.0f} ms, "
            f"slowest {one.slowest_ms:.0f} ms; the whole page {one.page_ms:.0f} ms"
        )
    return [*told[:-1], told[-1] + "\n"]


def measure(units: int, changes: int, chromium: str) -> ConsoleUpdate:
    """Let `changes` units of a fleet go, one after the other, before a map that is open in the browser `chromium`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plan = FleetPlan(fleet=FleetSection(name="bench", branch="simulation"), broker=BrokerSection(host="127.0.0.1"))
        places = Places(folder)
        create_fleet(places, plan, now=utc_now(), actor="bench", passphrase=None)
        fleet = stack.enter_context(open_fleet(folder))
        service = FleetStore(places.store_url(plan), audit_key=read_audit_key(places))
        stack.callback(service.close)
        names = [f"sim-u{number:05}" for number in range(units)]
        _fill(service, names)
        accounts = FleetAccounts(fleet.store, utc_now, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        watch = stack.enter_context(Watch(fleet.store, utc_now))
        app = build_console(
            ConsoleParts(fleet=fleet, watch=watch, hosts=["127.0.0.1"], secure=False, accounts=accounts)
        )
        port = stack.enter_context(serve(app, host="127.0.0.1", port=0, certificate=None, key=None))
        page = stack.enter_context(open_page(chromium))
        link = f"http://127.0.0.1:{port}/welcome/{accounts.first_link()}"
        enter(page, link, name="admin", password=PASSWORD, home="/units")
        began_s = time.monotonic()
        page.reload()
        page_ms = (time.monotonic() - began_s) * 1000
        taken_ms = [_one(page, service, name) for name in names[: min(changes, units - 1) + 1]][1:]  # one warms up
    return ConsoleUpdate(units, len(taken_ms), statistics.median(taken_ms), max(taken_ms), page_ms)


def _fill(store: FleetStore, names: list[str]) -> None:
    with store.begin(utc_now(), actor="bench") as work:
        work.units.add(
            NewUnit(name=name, serial=name, site=f"clinic-{number // 5}", profile="desk")
            for number, name in enumerate(names)
        )
        for name in names:
            unit = work.units.find(name)
            work.units.move(unit, UnitState.PENDING, "")
            work.units.move(work.units.find(name), UnitState.ACTIVE, "")
        work.units.hear(_heard(name, online=True) for name in names)


def _one(page: Page, store: FleetStore, name: str) -> float:
    seen = when_seen(page, f"#cell-{name}.face-offline")
    with store.begin(utc_now()) as work:
        work.units.hear([_heard(name, online=False)])
    durable_ms = time.time() * 1000
    return seen() - durable_ms


def _heard(name: str, *, online: bool) -> Heard:
    return Heard(unit=name, online=online, birth_id="b", births="", firmware="0.1.0")
