"""What is done to a fleet's service, and what it takes."""

from __future__ import annotations

import asyncio
import math
import random
import resource
import secrets
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.errors import Fault
from device.domain.values import UnitId
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.fleet import ClaimAnswer, ClaimGranted, ClaimRequest, Health
from device.wire.messages import Status
from provisioning.fleet import acting
from provisioning.fleet.entrance import Ticketed
from provisioning.fleet.fleet import Fleet, utc_now
from provisioning.fleet.load.light import LightUnit
from provisioning.fleet.load.units import Identified, certificate_request, ticket_context
from provisioning.fleet.metrics import read_metrics

AT_A_TIME = 64
"""Handshakes under way together: both ends share this machine."""
ASK_AGAIN_S = 10.0
HARDWARE = "5e" * 32
_DRAIN_S = 60.0


@dataclass(slots=True)
class Measured:
    """The result of one phase: figures, and times for a plot."""

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    times_s: list[float] = field(default_factory=list)
    """When each thing was done, in seconds from the phase's begin."""
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Service:
    """The workers' process, from outside."""

    process: subprocess.Popen[bytes]
    metrics_port: int

    def cpu_s(self) -> float:
        """Return how much processor time it has used, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / 100  # USER_HZ is 100 on every Linux there is

    def dealt_with(self, kind: str) -> int:
        """Return how many messages of a kind it has dealt with."""
        return int(read_metrics(self.metrics_port).get(f'uketsuke_fleet_messages_total{{kind="{kind}"}}', 0))


def raise_file_limit(wanted: int) -> int:
    """Let this process and its children open as many connections as wanted, as far as the system lets us."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit


async def claims(made: list[Ticketed], authority: Path, scratch: Path, service: Service) -> Measured:
    """Claim units, all at once: from the first handshake until the last has its identity."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in made]
    requests = [
        ClaimRequest(
            nonce=secrets.token_hex(8),
            csr=certificate_request(key),
            hardware=HARDWARE,
            version="loadtest",
            key_store="file",
        )
        for key in keys
    ]
    contexts = [ticket_context(one.ticket, authority, scratch) for one in made]
    measured = Measured("claims")
    gate = asyncio.Semaphore(AT_A_TIME)
    cpu_s, began_s = service.cpu_s(), time.monotonic()

    async def claim(one: Ticketed, place: int) -> None:
        name = one.ticket.claim
        unit = LightUnit(name, contexts[place], one.ticket.host, one.ticket.port)
        answered: asyncio.Future[ClaimAnswer] = asyncio.get_running_loop().create_future()
        unit.on_message = lambda _topic, payload: (
            None if answered.done() else answered.set_result(decode(payload, ClaimAnswer))
        )
        try:
            async with gate:
                await unit.connect()
                await unit.subscribe(topics.claim_answer(name))
            for _ in range(3):
                unit.publish(topics.claim_request(name), encode(requests[place]), expiry_s=int(ASK_AGAIN_S))
                done, _pending = await asyncio.wait([answered], timeout=ASK_AGAIN_S)
                if done:
                    break
            answer = answered.result() if answered.done() else None
            if isinstance(answer, ClaimGranted):
                measured.times_s.append(time.monotonic() - began_s)
            else:
                measured.failures.append(f"{name}: {answer.words if answer else 'no answer'}")
        except Fault as fault:
            measured.failures.append(str(fault))
        finally:
            await unit.close()

    await asyncio.gather(*(claim(one, place) for place, one in enumerate(made)))
    took_s = time.monotonic() - began_s
    measured.figures = {
        "units": len(made),
        "took_s": took_s,
        "claims_per_s": len(measured.times_s) / took_s,
        "service_cpu_s": service.cpu_s() - cpu_s,
        "failed": len(measured.failures),
    }
    return measured


async def come_up(units: list[Identified], host: str, port: int) -> tuple[list[LightUnit], Measured]:
    """Connect units and say their status."""
    measured = Measured("connect")
    gate = asyncio.Semaphore(AT_A_TIME)
    began_s = time.monotonic()

    async def come(one: Identified) -> LightUnit:
        unit = LightUnit(one.name, one.context, host, port)
        async with gate:
            await unit.connect(clean=False, session_expiry_s=300)
        unit.publish(topics.up(UnitId(one.name), topics.Up.STATUS), encode(_status(one.name)), retain=True)
        measured.times_s.append(time.monotonic() - began_s)
        return unit

    lights = await asyncio.gather(*(come(one) for one in units))
    took_s = time.monotonic() - began_s
    measured.figures = {"units": len(units), "took_s": took_s, "per_s": len(units) / took_s}
    return list(lights), measured


async def heartbeats(
    units: list[Identified], lights: list[LightUnit], service: Service, *, every_s: float, for_s: float
) -> Measured:
    """Every unit says how it is, each at its own moment of the period."""
    measured = Measured("heartbeats")
    sent = 0
    before, cpu_s, began_s = service.dealt_with("health"), service.cpu_s(), time.monotonic()

    async def beat(one: Identified, light: LightUnit) -> None:
        nonlocal sent
        payload, topic = health_of(one), topics.up(UnitId(one.name), topics.Up.HEALTH)
        await asyncio.sleep(random.random() * every_s)  # noqa: S311  a moment, no secret
        while time.monotonic() - began_s < for_s:
            light.publish(topic, payload)
            sent += 1
            measured.times_s.append(time.monotonic() - began_s)
            await asyncio.sleep(every_s)

    await asyncio.gather(*(beat(one, light) for one, light in zip(units, lights, strict=True)))
    took_s, used_s = time.monotonic() - began_s, service.cpu_s() - cpu_s
    dealt = await _drained(service, before + sent) - before
    measured.figures = {
        "units": len(units),
        "sent": sent,
        "dealt_with": dealt,
        "per_s": sent / took_s,
        "service_core_share": used_s / took_s,
    }
    return measured


async def flood(units: list[Identified], lights: list[LightUnit], service: Service, *, messages: int) -> Measured:
    """As many health messages as the service takes: how many it deals with per second of one core."""
    measured = Measured("flood")
    before, cpu_s, began_s = service.dealt_with("health"), service.cpu_s(), time.monotonic()
    payloads = [health_of(one) for one in units]
    for start in range(0, messages, 500):
        acknowledged = []
        for number in range(start, min(start + 500, messages)):
            place = number % len(units)
            topic = topics.up(UnitId(units[place].name), topics.Up.HEALTH)
            acknowledged.append(lights[place].publish(topic, payloads[place]))
        await asyncio.gather(*acknowledged)
    dealt = await _drained(service, before + messages) - before
    took_s, used_s = time.monotonic() - began_s, service.cpu_s() - cpu_s
    measured.figures = {
        "sent": messages,
        "dealt_with": dealt,
        "took_s": took_s,
        "per_s": dealt / took_s,
        "per_core_second": dealt / used_s if used_s else 0.0,
    }
    return measured


async def storm(
    lights: list[LightUnit], made: list[Ticketed], authority: Path, scratch: Path, service: Service, *, jitter_s: float
) -> tuple[Measured, Measured]:
    """All units lose their line at once and come back, each at a moment of its own, while others are claimed."""
    measured = Measured("storm")
    tries = 0
    for light in lights:
        await light.break_off()
    began_s = time.monotonic()

    async def come_back(light: LightUnit) -> None:
        nonlocal tries
        longest_s = jitter_s
        for _ in range(5):
            await asyncio.sleep(random.random() * longest_s)  # noqa: S311
            tries += 1
            try:
                await light.connect(clean=False, session_expiry_s=300)
            except Fault:
                longest_s *= 2
                continue
            light.publish(
                topics.up(UnitId(light.client_id), topics.Up.STATUS), encode(_status(light.client_id)), retain=True
            )
            measured.times_s.append(time.monotonic() - began_s)
            return
        measured.failures.append(f"{light.client_id} did not come back")

    claiming = asyncio.create_task(claims(made, authority, scratch, service))
    await asyncio.gather(*(come_back(light) for light in lights))
    claimed = await claiming
    took_s = time.monotonic() - began_s
    seconds = [int(moment) for moment in measured.times_s]
    measured.figures = {
        "units": len(lights),
        "came_back": len(measured.times_s),
        "tries": tries,
        "took_s": took_s,
        "most_in_one_second": max((seconds.count(second) for second in set(seconds)), default=0),
        "jitter_s": jitter_s,
        "claims_meanwhile": claimed.figures["units"],
        "claims_failed": claimed.figures["failed"],
    }
    measured.failures += claimed.failures
    return measured, claimed


async def revocations(fleet: Fleet, lights: list[LightUnit]) -> Measured:
    """Revoke units one by one: from the command until the line is gone and another try is refused."""
    measured = Measured("revoke")
    took: list[float] = []
    began_s = time.monotonic()
    for light in lights:
        ordered_s = time.monotonic()
        await asyncio.to_thread(acting.revoke, fleet, light.client_id, why="load test", now=utc_now(), actor="loadtest")
        await light.ended()
        try:
            await light.connect()
        except Fault:
            took.append(time.monotonic() - ordered_s)
            measured.times_s.append(time.monotonic() - began_s)
        else:
            measured.failures.append(f"{light.client_id} still gets in")
    measured.figures = {
        "units": len(lights),
        "median_s": statistics.median(took) if took else math.inf,
        "longest_s": max(took, default=math.inf),
        "failed": len(measured.failures),
    }
    return measured


async def _drained(service: Service, wanted: int) -> int:
    deadline_s = time.monotonic() + _DRAIN_S
    # The service is another process: nothing here could set an event.
    while (dealt := service.dealt_with("health")) < wanted and time.monotonic() < deadline_s:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    return dealt


def _status(name: str) -> Status:
    return Status(unit=name, state="ready", birth_id=f"birth-{name}", version="loadtest", troubles=[], simulated=True)


def health_of(one: Identified) -> bytes:
    """Return what a unit says of its health."""
    return msgspec.json.encode(
        Health(
            birth_id=f"birth-{one.name}",
            hardware=HARDWARE,
            version="loadtest",
            uptime_s=1_000,
            troubles=[],
            twin_version=0,
            certificate_until=_until(one.certificate),
            waiting_results=0,
            disk_free_mb=10_000,
            certificate=f"{one.certificate.serial_number:x}",
        )
    )


def _until(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc
