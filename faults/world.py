"""One unit in simulated weather: the real link and the real outbox, a broker in memory, and a clock that jumps.

Each history is decided by its seed alone. It ends with a good line, and by then everything must have arrived.
"""

from __future__ import annotations

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from device.app.link_worker import Link, LinkOwner
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.drivers.sqlite_outbox import SqliteOutbox
from device.link.machine import LinkMachine
from device.ports.line import Kept, Outbox
from device.sim.clock import STORY_START, SimulatedClock
from device.sim.line import MemoryBroker
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import Receipt, Result, SignedReceipt, SignedResult, Status
from device.wire.receipts import acknowledge
from device.wire.said import sign_receipt
from device.wire.sealing import Signer
from device.wire.services import CONSUMER
from faults.clinic import ModelClinic
from faults.history import History, Promised, Said
from faults.links import Tap, make_result, pass_time
from provisioning.pki import SiteAuthority

UNIT: Final = UnitId("sim-0001")
TEN_YEARS: Final = timedelta(days=3652)


@dataclass(frozen=True, slots=True)
class Keys:
    """Who the unit and its site are."""

    authority: SiteAuthority
    signer: Signer
    consumer: Signer


@cache
def keys() -> Keys:
    """Return one site's keys for all histories; making them takes longer than a history."""
    authority = SiteAuthority.create("faults", now=STORY_START)
    unit, consumer = (authority.issue_client(name, now=STORY_START) for name in (UNIT, CONSUMER))
    return Keys(
        authority,
        Signer.load(unit.key_pem, unit.certificate_pem),
        Signer.load(consumer.key_pem, consumer.certificate_pem),
    )


class WatchedOutbox:
    """An outbox that can refuse, and that interrupts a unit that loses its power while it writes."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.trouble: str | None = None

    def add(self, message_id: str, seal: Callable[[int], bytes]) -> Kept:
        """Keep one."""
        self._check()
        return self._outbox.add(message_id, seal)

    def waiting(self, limit: int) -> list[Kept]:
        """Return the oldest."""
        self._check()
        return self._outbox.waiting(limit)

    def settle(self, message_id: str, check: Callable[[Kept], None]) -> bool:
        """Delete one."""
        self._check()
        return self._outbox.settle(message_id, check)

    def _check(self) -> None:
        if self.trouble:
            raise Fault(self.trouble, part="outbox", reason=Reason.OUTBOX_FAULT)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a history is made of; a test puts a broken part in, to see the checker see it."""

    link: Callable[..., Link] = Link
    clinic: Callable[..., ModelClinic] = ModelClinic
    outbox: Callable[[Path], SqliteOutbox] = SqliteOutbox


@dataclass(slots=True)
class World:
    """A unit that is switched on, with everything around it. `close` when done."""

    chance: random.Random
    folder: Path
    parts: Parts
    history: History = field(default_factory=History)
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    recorded: deque[tuple[str, bytes]] = field(default_factory=lambda: deque(maxlen=200))
    """What an eavesdropper has of the unit's results."""
    broker: MemoryBroker = field(init=False)
    clinic: ModelClinic = field(init=False)
    outbox: WatchedOutbox = field(init=False)
    link: Link = field(init=False)
    _base: SqliteOutbox | None = None
    _number: int = 0
    _births: int = 0

    def __post_init__(self) -> None:
        self.broker = MemoryBroker(self.clock)
        self.clinic = self.parts.clinic(
            self.broker, keys().authority.certificate, keys().consumer, self.true_time, self.history
        )
        self.switch_on()

    def true_time(self) -> datetime:
        """Return what a clock shows that was never wrong."""
        return STORY_START + timedelta(seconds=self.clock.monotonic_s())

    def switch_on(self) -> None:
        """Begin a life of the unit; what an earlier one held in memory is gone."""
        self.close()
        self._births += 1
        self._base = self.parts.outbox(self.folder / "outbox.db")
        self.outbox = WatchedOutbox(self._base)
        status = Status(
            unit=UNIT,
            state="ready",
            birth_id=f"birth-{self._births:04}",
            version="1",
            troubles=[],
            simulated=True,
        )
        machine = LinkMachine(status, random=self.chance.random)
        self.link = self.parts.link(
            machine,
            line=Tap(self.broker.line(UNIT, machine.last_will), self._note),
            outbox=self.outbox,
            clock=self.clock,
            signer=keys().signer,
            authority=keys().authority.certificate,
            owner=_nobody(),
            own_thread=False,
        )
        self.link.start()

    def visit_ends(self) -> None:
        """Report one result; a disk that refuses promises nothing."""
        self._number += 1
        message_id = f"message-{self._number:05}"

        numbers: list[int] = []

        def build(sequence: int) -> Result:
            numbers.append(sequence)
            return make_result(UNIT, message_id, sequence, self.clock.utc_now())

        try:
            self.link.report(message_id, build)
        except Fault:
            self.history.attempted.add(message_id)
        else:
            self.history.entries.append(Promised(message_id, numbers[-1]))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, stopping wherever the link has something to do."""
        pass_time(self.clock, self.link, seconds)

    def _note(self, topic: str, payload: bytes) -> None:
        if topic.endswith(f"/{topics.Up.RESULT}"):
            self.recorded.append((topic, payload))
            result = told_in(payload)
            self.history.entries.append(Said(result.message_id, result.sequence))

    def settle_down(self) -> None:
        """Give it a good line, a good disk and a right clock for as long as any repetition may take."""
        self.outbox.trouble = None
        self.clock.set_wrong_by(timedelta())
        self.clinic.is_open = True
        self.broker.cut(UNIT)
        self.broker.behave()
        for _ in range(40):
            self.pass_time(60)
            if not self.outbox.waiting(1):
                break
        self.history.waiting = [kept.message_id for kept in self.outbox.waiting(1_000_000)]

    def close(self) -> None:
        """Let go of the file."""
        if self._base is not None:
            self._base.close()


def _nobody() -> LinkOwner:
    def ignore(*_: object) -> None:
        """Nobody listens: the history is written elsewhere."""

    return LinkOwner(on_answer=ignore, on_ask_lost=ignore, on_line=ignore, on_receipt=ignore, on_fault=ignore)


def told_in(payload: bytes) -> Result:
    """Return the result in a signed copy, without asking who signed it."""
    signed: SignedResult = decode(payload, SignedResult)
    result: Result = decode(urlsafe_b64decode(signed.jws.split(".")[1] + "=="), Result)
    return result


def in_folder(seed: int, folder: Path, parts: Parts | None = None) -> History:
    """Live one history through and return it. `folder` is new and only for it."""
    world = World(random.Random(seed), folder, parts or Parts())  # noqa: S311  weather, not secrecy
    with closing(world):
        for _ in range(world.chance.randint(4, 14)):
            happen(world)
        world.settle_down()
    return world.history


def happen(world: World) -> None:
    """Let one thing happen."""
    [(_, thing)] = world.chance.choices(THINGS, weights=[weight for weight, _ in THINGS])
    thing(world, world.chance)


def _visits_end(world: World, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 2, 5])):
        world.visit_ends()


def _unit_loses_power(world: World, _: random.Random) -> None:
    world.broker.cut(UNIT)
    world.switch_on()


def _unit_stands_still(world: World, chance: random.Random) -> None:
    # Hours or days at once, and nobody acts meanwhile: copies that were held back are stale after it.
    world.clock.advance(chance.choice([20_000, 90_000, 300_000]))
    world.link.run_due()


def _messages_go_astray(world: World, chance: random.Random) -> None:
    mischief = chance.choice([MemoryBroker.lose, MemoryBroker.double, MemoryBroker.hold])
    mischief(world.broker, chance.choice([topics.Up.RESULT, topics.Down.RECEIPT]), chance.randint(1, 3))


def _clinic_closes_or_opens(world: World, chance: random.Random) -> None:
    world.clinic.is_open = chance.choice([True, False])


def _disk_changes(world: World, chance: random.Random) -> None:
    world.outbox.trouble = chance.choice([None, "the disk is full", "the disk is read-only"])


def _wall_clock_jumps(world: World, chance: random.Random) -> None:
    world.clock.set_wrong_by(chance.choice([-TEN_YEARS, TEN_YEARS, timedelta(), timedelta()]))


def _eavesdropper_plays_again(world: World, chance: random.Random) -> None:
    if world.recorded:
        world.broker.publish(*chance.choice(world.recorded))


def _broker_lies(world: World, chance: random.Random) -> None:
    """Say that the clinic has everything that was ever heard of: in every way that whoever holds the broker has."""
    topic = topics.down(UNIT, topics.Down.RECEIPT)
    for _, said in list(world.recorded)[-3:]:
        copy = encode(told_in(said))
        receipt = acknowledge(copy, UNIT, chance.choice(["stored", "refused"]), at=world.true_time(), reason=None)
        # The best that is to be had without the consumer's key: the content is right, the signer is not.
        world.broker.publish(topic, encode(sign_receipt(receipt, keys().signer)))
        world.broker.publish(topic, encode(receipt))
        if world.clinic.said:
            _, true = chance.choice(world.clinic.said)
            world.broker.publish(topic, true)
            world.broker.publish(topic, encode(_about_another(decode(true, SignedReceipt), receipt)))


def _about_another(true: SignedReceipt, lie: Receipt) -> SignedReceipt:
    head, _, signature = true.jws.split(".")
    return SignedReceipt(jws=".".join([head, urlsafe_b64encode(encode(lie)).decode().rstrip("="), signature]))


THINGS: Final[tuple[tuple[int, Callable[[World, random.Random], None]], ...]] = (
    (10, _visits_end),
    (6, lambda world, chance: world.pass_time(chance.choice([0.1, 1, 7, 40, 600]))),
    (1, _unit_stands_still),
    (2, lambda world, _: world.broker.cut(UNIT)),
    (2, lambda world, _: world.broker.stop()),
    (2, lambda world, _: world.broker.stop(forget=True)),
    (4, lambda world, _: world.broker.start()),
    (2, lambda world, _: world.broker.partition()),
    (3, lambda world, _: world.broker.heal()),
    (2, lambda world, _: world.broker.release()),
    (6, _messages_go_astray),
    (2, _clinic_closes_or_opens),
    (2, _unit_loses_power),
    (1, _disk_changes),
    (2, _wall_clock_jumps),
    (2, _eavesdropper_plays_again),
    (4, _broker_lies),
)
"""What may happen, with its weight."""
