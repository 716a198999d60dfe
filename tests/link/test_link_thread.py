"""The link on a thread of its own, and what a line may do to it from another thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from device.app.link_worker import Link, LinkOwner
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.drivers.system import SystemClock
from device.link.machine import LinkMachine, State
from device.link.policy import LinkPolicy
from device.ports.line import Incoming, LineEvents
from device.sim.clock import SimulatedClock
from device.sim.outbox import MemoryOutbox
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import Begin, Challenge, Result, SignedResult, Status
from device.wire.receipts import acknowledge
from device.wire.said import answer_to, sign_answer, sign_receipt
from device.wire.sealing import verify

if TYPE_CHECKING:
    from tests.link.conftest import Site

UNIT = UnitId("sim-front-desk")
ANSWER = topics.down(UNIT, topics.Down.ANSWER)
PATIENCE_S = 15.0
"""Only a broken link ever waits this long."""
LONG_AGO = datetime(2026, 4, 1, tzinfo=UTC)
STATUS = Status(unit=UNIT, state="ready", birth_id="birth-0001", version="1.0", troubles=[], simulated=True)


class HandLine:
    """A line on which the test speaks for the broker."""

    def __init__(self) -> None:
        self.ears: queue.SimpleQueue[LineEvents] = queue.SimpleQueue()
        """One for each connection that was asked for."""
        self.said: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.closed = threading.Event()

    def connect(self, events: LineEvents) -> None:
        self.ears.put(events)

    def subscribe(self, topic: str) -> None:
        self.said.put((topic, b""))

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        del expiry_s, retain
        self.said.put((topic, payload))

    def close(self) -> None:
        self.closed.set()

    def next_ears(self) -> LineEvents:
        return self.ears.get(timeout=PATIENCE_S)

    def next_said_on(self, leaf: str) -> bytes:
        while True:
            topic, payload = self.said.get(timeout=PATIENCE_S)
            if topic.endswith(f"up/{leaf}"):
                return payload


class News:
    """What the owner hears, from whichever thread."""

    def __init__(self) -> None:
        self._news: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.owner = LinkOwner(
            on_answer=self._news.put,
            on_ask_lost=lambda ask_id, reason: self._news.put((ask_id, reason)),
            on_line=lambda up, why: self._news.put("" if up else why),
            on_receipt=self._news.put,
            on_fault=self._news.put,
        )

    def next(self) -> object:
        return self._news.get(timeout=PATIENCE_S)


NewLink = Callable[[LinkPolicy], Link]


@pytest.fixture
def line() -> HandLine:
    return HandLine()


@pytest.fixture
def news() -> News:
    return News()


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox()


@pytest.fixture
def new_link(line: HandLine, news: News, outbox: MemoryOutbox, site: Site) -> NewLink:
    def build(policy: LinkPolicy) -> Link:
        return Link(
            LinkMachine(STATUS, random=lambda: 0.0, policy=policy),
            line=line,
            outbox=outbox,
            clock=SystemClock(),
            signer=site.unit,
            authority=site.authority.certificate,
            owner=news.owner,
            own_thread=True,
        )

    return build


@pytest.fixture
def link(new_link: NewLink) -> Iterator[Link]:
    with new_link(LinkPolicy()) as started:
        yield started


BEGIN = Begin(ask_id="ask-00001", reception="visit-0001")
CHALLENGE = Challenge(ask_id="ask-00001", challenge=b"sign this", expires_at=LONG_AGO)


@pytest.fixture
def result(new_result: Callable[[str, int], Result]) -> Callable[[int], Result]:
    return lambda sequence: new_result("message-1", sequence)


def test_an_ask_from_one_thread_is_answered_through_the_link_s_own(
    link: Link, line: HandLine, news: News, site: Site
) -> None:
    ears = line.next_ears()
    ears.connected(session_present=False)
    assert news.next() == ""
    link.ask(BEGIN, 60)
    given = answer_to(line.next_said_on(topics.Up.ASK), UNIT, CHALLENGE, at=datetime.now(UTC))
    ears.received(Incoming(ANSWER, encode(sign_answer(given, site.gateway)), retained=False))
    assert news.next() == CHALLENGE


def test_a_result_is_in_the_outbox_when_report_returns_and_leaves_it_with_the_receipt(
    link: Link, line: HandLine, news: News, outbox: MemoryOutbox, result: Callable[[int], Result], site: Site
) -> None:
    link.report("message-1", result)
    assert [kept.message_id for kept in outbox.waiting(9)] == ["message-1"]
    ears = line.next_ears()
    ears.connected(session_present=False)
    assert news.next() == ""
    signed: SignedResult = decode(line.next_said_on(topics.Up.RESULT), SignedResult)
    now = datetime.now(UTC)
    copy = verify(signed.jws, speaker=UNIT, authority=site.authority.certificate, at=now)
    receipt = acknowledge(copy, UNIT, "stored", at=now, reason=None)
    said = encode(sign_receipt(receipt, site.consumer))
    ears.received(Incoming(topics.down(UNIT, topics.Down.RECEIPT), said, retained=False))
    assert news.next() == receipt
    assert outbox.waiting(9) == []


def test_deadlines_pass_without_anybody_calling(new_link: NewLink, news: News) -> None:
    with new_link(LinkPolicy()) as link:
        link.ask(BEGIN, 0.01)
        assert news.next() == ("ask-00001", Reason.SERVICE_UNREACHABLE)


def test_a_new_attempt_is_made_without_anybody_calling(new_link: NewLink, line: HandLine, news: News) -> None:
    with new_link(LinkPolicy(backoff_first_s=0.01)):
        line.next_ears().disconnected("no broker listens")
        assert news.next() == "no broker listens"
        line.next_ears().connected(session_present=True)
        assert news.next() == ""


def test_what_an_attempt_says_that_was_given_up_is_not_about_the_next_one(
    line: HandLine, news: News, site: Site
) -> None:
    clock = SimulatedClock()
    machine = LinkMachine(STATUS, random=lambda: 0.0)
    link = Link(
        machine,
        line=line,
        outbox=MemoryOutbox(),
        clock=clock,
        signer=site.unit,
        authority=site.authority.certificate,
        owner=news.owner,
        own_thread=False,
    )
    link.start()
    late = line.next_ears()
    for _ in range(2):
        clock.advance(link.next_deadline_s() - clock.monotonic_s())
        link.run_due()
    assert news.next() == "no answer from the broker within 30 s"
    current = line.next_ears()
    late.connected(session_present=True)
    late.disconnected("hung up after all")
    assert machine.state.name == State.TRYING.name
    current.connected(session_present=True)
    assert machine.state.name == State.UP.name


def test_many_threads_ask_at_once_and_every_ask_is_said(link: Link, line: HandLine) -> None:
    line.next_ears().connected(session_present=False)
    names = [f"ask-{n:05}" for n in range(50)]
    threads = [
        threading.Thread(target=link.ask, args=(Begin(ask_id=name, reception="visit-0001"), 60)) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = {line.next_said_on(topics.Up.ASK) for _ in names}
    assert said == {encode(Begin(ask_id=name, reception="visit-0001")) for name in names}


def test_closing_says_good_bye_and_ends_the_thread(new_link: NewLink, line: HandLine) -> None:
    before = threading.active_count()
    with closing(new_link(LinkPolicy())) as link:
        link.start()
        line.next_ears().connected(session_present=False)
        assert b'"ready"' in line.next_said_on(topics.Up.STATUS)
    assert b'"offline"' in line.next_said_on(topics.Up.STATUS)
    assert line.closed.is_set()
    assert threading.active_count() == before


def test_a_link_that_was_never_started_can_be_closed(new_link: NewLink, line: HandLine) -> None:
    new_link(LinkPolicy()).close()
    assert not line.closed.is_set()
