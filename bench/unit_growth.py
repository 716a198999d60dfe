"""Does a unit's memory grow with its visits? Told to a unit of simulated parts, with the clinic behind it.

`python -m bench.unit_growth VISITS FILE` tells them and writes what it measured; whoever wants the unit's own allocator
starts it with `memory.SETTINGS`. Most visitors bring a card that is none of ours: a visit of two milliseconds goes
through mailbox, panel, hands, outbox, signature and receipt all the same. Every 50th pays the PIN, consents and is
qualified, and every 500th time the line is lost and found again.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from cryptography import x509

from bench.resident import resident_kb
from clinic.gateway import Gateway
from clinic.inquiry import GatewayPolicy, Inquiry
from clinic.keys import PRIVATE_NAME, KeyRing, make_key_pair
from clinic.people import load_people
from clinic.stand_in import StandInService
from device.app.plots import new_figure, save
from device.app.world import World
from device.domain.values import UnitId
from device.drivers import memory
from device.reception.states import Asking
from device.sim.card import CardAuthority, CardFrontPrint, OtherCard, SimulatedCard
from device.sim.card_trust import simulated_trust
from device.sim.clock import SimulatedClock
from device.sim.entropy import SeededEntropy
from device.sim.line import MemoryBroker
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import Ask, SignedResult
from device.wire.receipts import acknowledge
from device.wire.said import answer_to, sign_answer, sign_receipt
from device.wire.sealing import Signer, verify
from device.wire.services import CONSUMER, GATEWAY
from provisioning.pki import SiteAuthority

PIN_EVERY, LINE_LOST_EVERY = 50, 500
POINTS = 40
UNIT = UnitId("sim-0001")
SERIAL = 1001


@dataclass(frozen=True, slots=True)
class Growth:
    """Resident memory over visits."""

    visits: list[int]
    kb: list[int]

    @property
    def kb_per_1000(self) -> float:
        """Slope over the second half, when everything that a start brings along has come."""
        half = len(self.visits) // 2
        return float(np.polyfit(self.visits[half:], self.kb[half:], 1)[0] * 1000)


def measure(visits: int) -> Growth:
    """Tell so many visits in a process of their own."""
    with tempfile.TemporaryDirectory(prefix="uk") as place:
        file = Path(place) / "growth.json"
        command = [sys.executable, "-m", "bench.unit_growth", str(visits), str(file)]
        subprocess.run(command, check=True, env=os.environ | memory.SETTINGS)  # noqa: S603  our own module
        return Growth(**json.loads(file.read_text(encoding="utf-8")))


def draw(growth: Growth, path: Path) -> None:
    """Draw memory over visits."""
    figure, (plot,) = new_figure(columns=1)
    plot.plot(growth.visits, [kb / 1024 for kb in growth.kb], color="#4477aa")
    plot.set_ylim(0, 1.2 * max(growth.kb) / 1024)
    plot.set_xlabel("visits")
    plot.set_ylabel("resident memory, MB")
    save(figure, path)


def tell(visits: int) -> Growth:
    """Tell so many visits here."""
    logging.getLogger("device").setLevel(logging.CRITICAL)  # most visits end with a warning of their own
    points: list[tuple[int, int]] = []
    with ExitStack() as stack:
        world, card = _world(stack)
        stranger = OtherCard()
        for number in itertools.count(1):
            _visit(world, card if number % PIN_EVERY == 0 else stranger)
            if number % LINE_LOST_EVERY == 0:
                world.broker.stop()
                world.pass_time(5.0)
                world.broker.start()
                world.pass_time(60.0)
            for kept in (world.happenings, world.voice.said, world.indicators.changes):
                kept.clear()
            if number % max(1, visits // POINTS) == 0:
                gc.collect()
                memory.sweep()
                points.append((number, resident_kb(os.getpid())))
            if number >= visits:
                break
    told, kb = zip(*points, strict=True)
    return Growth(list(told), list(kb))


def _visit(world: World, card: OtherCard | SimulatedCard) -> None:
    world.place(card)
    world.pass_time(2.0)
    if isinstance(card, SimulatedCard):
        world.type_keys("1234#")
        while isinstance(world.state, Asking):
            world.type_keys("#")
    world.lift()
    world.pass_time(10.0)


def _world(stack: ExitStack) -> tuple[World, SimulatedCard]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uk")))
    now = datetime.now(UTC)
    cards, clock = CardAuthority(), SimulatedClock(now)
    authority, signers = _signers(folder, now)
    make_key_pair(folder)
    keys, broker = KeyRing(folder / PRIVATE_NAME, private=True), MemoryBroker(clock)
    inquiry = Inquiry(
        GatewayPolicy(institution_code="9999999999", anchors=(x509.load_pem_x509_certificate(cards.certificate_pem),)),
        StandInService(load_people()),
        keys=keys,
        consumer_key=keys,
        signer=signers[GATEWAY],
    )
    gateway = Gateway(inquiry, token=SeededEntropy(7).token)

    def answer(unit: UnitId, payload: bytes) -> None:
        now = clock.utc_now()
        ask: Ask = decode(payload, Ask)
        said = sign_answer(answer_to(payload, unit, gateway.answer(unit, ask, now), at=now), signers[GATEWAY])
        broker.publish(topics.down(unit, topics.Down.ANSWER), encode(said))

    def receive(unit: UnitId, payload: bytes) -> None:
        signed: SignedResult = decode(payload, SignedResult)
        copy = verify(signed.jws, speaker=unit, authority=authority.certificate, at=clock.utc_now())
        receipt = acknowledge(copy, unit, "stored", at=clock.utc_now(), reason=None)
        broker.publish(topics.down(unit, topics.Down.RECEIPT), encode(sign_receipt(receipt, signers[CONSUMER])))

    broker.host(topics.Up.ASK, answer)
    broker.host(topics.Up.RESULT, receive)
    world = World(
        broker=broker,
        clock=clock,
        signer=signers[UNIT],
        authority=authority.certificate,
        clinic_key=keys.current,
        trust=simulated_trust(cards),
    )
    not_after = load_people()[SERIAL].certificate_not_after(now)
    credentials = cards.issue(serial=SERIAL, not_before=not_after - timedelta(days=1800), not_after=not_after)
    return world, SimulatedCard(credentials, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))


def _signers(folder: Path, now: datetime) -> tuple[SiteAuthority, dict[str, Signer]]:
    authority = SiteAuthority.create("bench", now=now)

    def each() -> Iterator[tuple[str, Signer]]:
        for name in (CONSUMER, GATEWAY, UNIT):
            files = authority.issue_client(name, now=now).write(folder, name)
            yield name, Signer.load(files.key.read_bytes(), files.certificate.read_bytes())

    return authority, dict(each())


if __name__ == "__main__":
    told = tell(int(sys.argv[1]))
    Path(sys.argv[2]).write_text(json.dumps({"visits": told.visits, "kb": told.kb}), encoding="utf-8")
