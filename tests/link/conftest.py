"""A unit's link with a clinic at the other end, both in memory, and time that jumps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from device.app.link_worker import Link, LinkOwner
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.link import events
from device.link.actions import Action, Connect, SendResult, Settle
from device.link.machine import LinkMachine
from device.link.policy import LinkPolicy
from device.ports.line import Incoming, Kept, Outbox
from device.sim.clock import SimulatedClock
from device.sim.line import MemoryBroker
from device.sim.outbox import MemoryOutbox
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.freshness import expiry
from device.wire.messages import Answer, Ask, Begin, Challenge, Receipt, Result, SignedResult, Status
from device.wire.receipts import Disposition, acknowledge, copy_of
from device.wire.said import answer_to, sign_answer, sign_receipt
from device.wire.sealing import Signer, verify
from device.wire.services import CONSUMER, GATEWAY
from faults.links import Tap, pass_time
from faults.links import make_result as cancelled
from provisioning.pki import SiteAuthority

UNIT = UnitId("sim-front-desk")
LONG_AGO = datetime(2026, 4, 1, tzinfo=UTC)


def make_result(message_id: str, sequence: int, *, at: datetime | None = None) -> Result:
    """Return how a visit ended that took no time, now or `at`."""
    return cancelled(UNIT, message_id, sequence, at or datetime.now(UTC))


@pytest.fixture(scope="session")
def new_result() -> Callable[..., Result]:
    """Take a message id and a sequence number."""
    return make_result


def begin(ask_id: str) -> Begin:
    return Begin(ask_id=ask_id, reception="visit-0001")


@dataclass(frozen=True)
class Site:
    """Who is who."""

    authority: SiteAuthority
    unit: Signer
    gateway: Signer
    consumer: Signer


class Clinic:
    """Answers asks and stores results, unless told otherwise."""

    def __init__(self, broker: MemoryBroker, site: Site) -> None:
        self.broker = broker
        self.site = site
        self.is_open = True
        self.refuses: Reason | None = None
        self.asked: list[str] = []
        """Ids of the asks heard, with repetitions."""
        self.heard: list[str] = []
        """Ids of the results heard, with repetitions."""
        self.stored: dict[str, int] = {}
        """Sequence numbers by message id, in the order of first delivery."""
        self.statuses: list[Status] = []
        broker.host(topics.Up.ASK, self._hear_ask)
        broker.host(topics.Up.RESULT, self._hear_result)
        broker.host(topics.Up.STATUS, lambda _unit, payload: self.statuses.append(decode(payload, Status)))

    def answer(self, ask_id: str, *, retain: bool = False) -> None:
        """Answer a `begin` of the visit that all are of."""
        challenge = Challenge(ask_id=ask_id, challenge=b"sign this", expires_at=LONG_AGO)
        given = answer_to(encode(begin(ask_id)), UNIT, challenge, at=datetime.now(UTC))
        said = encode(sign_answer(given, self.site.gateway))
        self.broker.publish(topics.down(UNIT, topics.Down.ANSWER), said, retain=retain)

    def _hear_ask(self, unit: UnitId, payload: bytes) -> None:
        ask: Ask = decode(payload, Ask)
        self.asked.append(ask.ask_id)
        assert unit == UNIT
        if self.is_open:
            self.answer(ask.ask_id)

    def _hear_result(self, unit: UnitId, payload: bytes) -> None:
        if not self.is_open:
            return
        signed: SignedResult = decode(payload, SignedResult)
        now = datetime.now(UTC)
        copy = verify(signed.jws, speaker=unit, authority=self.site.authority.certificate, at=now)
        result: Result = decode(copy, Result)
        self.heard.append(result.message_id)
        is_new = result.message_id not in self.stored
        self.stored.setdefault(result.message_id, result.sequence)
        disposition: Disposition = "refused" if self.refuses else "stored" if is_new else "duplicate"
        receipt = acknowledge(copy, unit, disposition, at=now, reason=self.refuses)
        self.say_receipt(sign_receipt(receipt, self.site.consumer))

    def say_receipt(self, message: msgspec.Struct) -> None:
        self.broker.publish(topics.down(UNIT, topics.Down.RECEIPT), encode(message))


class World:
    """One unit, one broker, one clinic."""

    def __init__(self, site: Site, outbox: Outbox | None = None) -> None:
        # Certificates are issued by the real clock, and a unit that doubts them believes no receipt.
        self.clock = SimulatedClock(datetime.now(UTC))
        self.broker = MemoryBroker(self.clock)
        self.clinic = Clinic(self.broker, site)
        self.policy = LinkPolicy()
        self.outbox = outbox or MemoryOutbox()
        self.answers: list[Answer] = []
        self.lost: list[tuple[str, Reason]] = []
        self.line: list[str] = []
        """What the owner was told of the line: "" is up, else why not."""
        self.said: list[tuple[str, bytes]] = []
        """What the unit said, with its topic."""
        self.receipts: list[Receipt] = []
        self.faults: list[Fault] = []
        self._site = site
        self._lives = itertools.count(1)
        self._numbers = itertools.count(1)
        self.link = self.next_life()

    def next_life(self) -> Link:
        """Return the link of a unit that was just switched on; what the last one held in memory is gone."""
        birth_id = f"birth-{next(self._lives):04}"
        status = Status(unit=UNIT, state="ready", birth_id=birth_id, version="1.0", troubles=[], simulated=True)
        machine = LinkMachine(status, random=lambda: 0.0, policy=self.policy)
        self.link = Link(
            machine,
            line=Tap(self.broker.line(UNIT, machine.last_will), lambda *said: self.said.append(said)),
            outbox=self.outbox,
            clock=self.clock,
            signer=self._site.unit,
            authority=self._site.authority.certificate,
            owner=LinkOwner(
                on_answer=self.answers.append,
                on_ask_lost=lambda ask_id, reason: self.lost.append((ask_id, reason)),
                on_line=lambda up, why: self.line.append("" if up else why),
                on_receipt=self.receipts.append,
                on_fault=self.faults.append,
            ),
            own_thread=False,
        )
        return self.link

    def pass_time(self, seconds: float) -> None:
        """Let time pass, stopping wherever the link has something to do."""
        pass_time(self.clock, self.link, seconds)

    def ask(self, ask_id: str, timeout_s: float = 9.0) -> None:
        self.link.ask(begin(ask_id), timeout_s)

    def report(self) -> str:
        """Let one visit end; return the id of its result."""
        message_id = f"message-{next(self._numbers):05}"

        self.link.report(message_id, partial(make_result, message_id, at=self.clock.utc_now()))
        return message_id

    @property
    def waiting(self) -> list[str]:
        return [kept.message_id for kept in self.outbox.waiting(1_000_000)]


@pytest.fixture(scope="session")
def site(authority: SiteAuthority, signer_of: Callable[[str], Signer]) -> Site:
    return Site(authority, signer_of(UNIT), signer_of(GATEWAY), signer_of(CONSUMER))


@pytest.fixture(scope="session")
def new_world(site: Site) -> Callable[[], World]:
    return lambda: World(site)


@pytest.fixture
def world(new_world: Callable[[], World]) -> World:
    """A unit that is switched off beside a clinic that is open."""
    return new_world()


class Bench:
    """A machine and a clock that is turned by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        status = Status(
            unit="unit-front-desk", state="ready", birth_id="birth-one", version="1.0", troubles=[], simulated=False
        )
        self.policy = LinkPolicy(results_in_flight=4)
        # No luck: the delay before a new attempt is always the longest possible.
        self.machine = LinkMachine(status, random=lambda: 0.0, policy=self.policy)

    def tell(self, event: events.Event) -> list[Action]:
        return self.machine.handle(event, self.now_s)

    def wait(self, seconds: float) -> list[Action]:
        self.now_s += seconds
        return self.tell(events.TimePassed())

    def wait_for_an_attempt(self) -> float:
        """Wait, with a look at the clock now and then, until the machine connects; return the seconds that it took."""
        began_s = self.now_s
        while (actions := self.wait(self.wakes_in_s)) != [Connect()]:
            assert actions == []
        return self.now_s - began_s

    def hear(self, topic: str, payload: bytes, *, retained: bool = False) -> list[Action]:
        return self.tell(events.Received(Incoming(topic, payload, retained)))

    def open(self, ask: Ask, answer: Answer) -> list[Action]:
        """Let it be found that the clinic did answer, to what it heard as `ask`."""
        return self.tell(events.Opened(answer_to(encode(ask), "unit-front-desk", answer, at=LONG_AGO)))

    def kept(self, number: int) -> Kept:
        return Kept(number, f"message-{number}", encode(make_result(f"message-{number}", number, at=LONG_AGO)))

    def receipt(self, number: int, disposition: Disposition = "stored", reason: Reason | None = None) -> Receipt:
        """Return what the clinic says of a copy of this result."""
        copy = copy_of(self.kept(number).payload, expiry(LONG_AGO))
        return acknowledge(copy, "unit-front-desk", disposition, at=LONG_AGO, reason=reason)

    def settle(self, number: int) -> list[Action]:
        """Let a receipt be found good, and the outbox be without the result."""
        receipt = self.receipt(number)
        assert self.tell(events.Opened(receipt)) == [Settle(receipt)]
        return self.tell(events.Settled(receipt.message_id))

    def read(self, *numbers: int) -> list[Action]:
        return self.tell(events.OutboxRead(tuple(self.kept(number) for number in numbers)))

    def results(self, actions: list[Action]) -> list[int]:
        """Return the numbers of the results that go out."""
        return [action.kept.sequence for action in actions if isinstance(action, SendResult)]

    def connect(self) -> list[Action]:
        self.tell(events.Start())
        return self.tell(events.Connected())

    def lose_line_and_reconnect(self) -> list[Action]:
        self.tell(events.Disconnected("the line broke"))
        self.wait(self.policy.backoff_refused_s)
        return self.tell(events.Connected())

    @property
    def wakes_in_s(self) -> float:
        return self.machine.wake_at_s - self.now_s


@pytest.fixture(scope="session")
def new_bench() -> Callable[[], Bench]:
    return Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def up(bench: Bench) -> Bench:
    """A machine that is connected and found its outbox empty."""
    bench.connect()
    bench.read()
    return bench
