"""What a ticket's holder or a unit tries beyond what is theirs has no effect: the broker says no, or nobody hears."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from device.domain.values import UnitId
from device.wire import topics
from provisioning.broker import CLAIM_MOUNT
from provisioning.fleet.entrance import Ticketed
from provisioning.fleet.fleet import utc_now
from provisioning.fleet.load.light import LightUnit
from provisioning.fleet.load.units import make_units, ticket_context
from provisioning.fleet.private import PrivateFleet

pytestmark = pytest.mark.broker

NOT_AUTHORIZED = 0x87
NOBODY_LISTENS = 0x10
A, B = UnitId("sim-load000000"), UnitId("sim-load000001")


@pytest.fixture
def ticket(running: PrivateFleet, tickets: Callable[..., list[Ticketed]], tmp_path: Path) -> tuple[str, ssl.SSLContext]:
    [made] = tickets()
    context = ticket_context(made.ticket, running.fleet.places.authority_certificate, tmp_path / "scratch")
    return made.ticket.claim, context


async def with_all(*units: LightUnit, do: Callable[[], Awaitable[None]]) -> None:
    for unit in units:
        await unit.connect()
    try:
        await do()
    finally:
        for unit in units:
            await unit.close()


def test_a_ticket_says_nothing_but_its_own_claim(running: PrivateFleet, ticket: tuple[str, ssl.SSLContext]) -> None:
    name, context = ticket
    assert running.broker.claim_port is not None
    thief = LightUnit(name, context, "127.0.0.1", running.broker.claim_port)

    async def attack() -> None:
        for topic in (
            topics.up(A, topics.Up.STATUS),
            topics.up(UnitId(name), topics.Up.RESULT),
            topics.down(A, topics.Down.TWIN),
            topics.claim_request("c-another"),
            topics.claim_answer(name),
            f"{CLAIM_MOUNT}{topics.claim_request(name)}",
            "$SYS/broker/uptime",
        ):
            assert await thief.publish(topic, b"{}") == NOT_AUTHORIZED, topic
        assert await thief.publish(topics.claim_request(name), b"{}") in {0, NOBODY_LISTENS}

    asyncio.run(with_all(thief, do=attack))


def test_a_ticket_hears_nothing_but_its_own_answer(
    running: PrivateFleet, ticket: tuple[str, ssl.SSLContext], tmp_path: Path
) -> None:
    name, context = ticket
    assert running.broker.claim_port is not None
    units = make_units(running.fleet, 1, tmp_path / "scratch", now=utc_now())
    thief = LightUnit(name, context, "127.0.0.1", running.broker.claim_port)
    unit = LightUnit(A, units[0].context, "127.0.0.1", running.broker.port)
    heard: list[str] = []
    thief.on_message = lambda topic, _payload: heard.append(topic)

    async def attack() -> None:
        await thief.subscribe("#", "reader/#", f"{CLAIM_MOUNT}#", topics.up(A, topics.Up.STATUS))
        await unit.publish(topics.up(A, topics.Up.STATUS), b"{}")
        await thief.publish(topics.claim_request(name), b"{}")
        # What it may not hear would have come before the answer to this.
        await thief.subscribe(topics.claim_answer(name))

    asyncio.run(with_all(thief, unit, do=attack))
    assert heard == []


def test_a_unit_neither_reads_nor_writes_what_is_another_s(running: PrivateFleet, tmp_path: Path) -> None:
    made = make_units(running.fleet, 2, tmp_path / "scratch", now=utc_now())
    first, second = (LightUnit(one.name, one.context, "127.0.0.1", running.broker.port) for one in made)
    heard: list[str] = []
    first.on_message = lambda topic, _payload: heard.append(topic)

    async def attack() -> None:
        for leaf in topics.Down:
            await first.subscribe(topics.down(B, leaf))
            assert await first.publish(topics.down(B, leaf), b"{}") == NOT_AUTHORIZED
        for up in topics.Up:
            assert await first.publish(topics.up(B, up), b"{}") == NOT_AUTHORIZED
        assert await first.publish(f"{CLAIM_MOUNT}{topics.claim_answer('c-x')}", b"{}") == NOT_AUTHORIZED
        orders = running.fleet.desk("fleet-worker-1").subscriptions
        assert orders, "the fleet listens to units"
        await second.publish(topics.up(B, topics.Up.TWIN), b"{}")
        await first.subscribe(topics.down(A, topics.Down.TWIN))

    asyncio.run(with_all(first, second, do=attack))
    assert heard == []
