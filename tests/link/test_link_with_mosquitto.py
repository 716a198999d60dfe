"""The whole link with its real parts: a mosquitto that is killed, an outbox on the disk, threads of their own."""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from device.app.link_worker import Link, LinkOwner
from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.drivers.sqlite_outbox import SqliteOutbox
from device.drivers.system import SystemClock
from device.link.machine import LinkMachine
from device.link.policy import LinkPolicy
from device.ports.line import Incoming
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import Ask, Begin, Challenge, Result, SignedResult, Status
from device.wire.receipts import acknowledge
from device.wire.said import answer_to, sign_answer, sign_receipt
from device.wire.sealing import Signer, verify
from device.wire.services import CONSUMER, GATEWAY
from provisioning.mosquitto import RunningBroker

if TYPE_CHECKING:
    from provisioning.pki import SiteAuthority

pytestmark = pytest.mark.broker

UNIT = UnitId("sim-front-desk")
HOST = "127.0.0.1"
PATIENCE_S = 30.0
"""Only a broken link ever waits this long."""
LONG_AGO = datetime(2026, 4, 1, tzinfo=UTC)
HASTY = LinkPolicy(backoff_first_s=0.05, backoff_longest_s=0.2, result_repeat_first_s=0.5, result_repeat_longest_s=1)

StartBroker = Callable[[int | None], AbstractContextManager[RunningBroker]]


class Service:
    """A program of the clinic on a real line; it comes back when it is told to."""

    def __init__(self, line: PahoLine, topic: str, hear: Callable[[Service, bytes], None]) -> None:
        self._line = line
        self._topic = topic
        self._hear = hear
        self._up = threading.Event()

    def connect(self) -> None:
        self._up.clear()
        self._line.connect(self)
        assert self._up.wait(PATIENCE_S)
        self._line.subscribe(self._topic)

    def say(self, topic: str, payload: bytes) -> None:
        self._line.publish(topic, payload, expiry_s=60)

    def connected(self, *, session_present: bool) -> None:
        del session_present
        self._up.set()

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        del refused
        del why

    def unheard(self, topic: str) -> None:
        del topic

    def received(self, message: Incoming) -> None:
        self._hear(self, message.payload)


class Consumer:
    """Stores each result once."""

    def __init__(self, authority: SiteAuthority, signer: Signer) -> None:
        self._authority = authority
        self._signer = signer
        self.stored: dict[str, int] = {}

    def hear(self, service: Service, payload: bytes) -> None:
        signed: SignedResult = decode(payload, SignedResult)
        at = datetime.now(UTC)
        copy = verify(signed.jws, speaker=UNIT, authority=self._authority.certificate, at=at)
        result: Result = decode(copy, Result)
        is_new = result.message_id not in self.stored
        self.stored.setdefault(result.message_id, result.sequence)
        receipt = acknowledge(copy, UNIT, "stored" if is_new else "duplicate", at=at, reason=None)
        service.say(topics.down(UNIT, topics.Down.RECEIPT), encode(sign_receipt(receipt, self._signer)))


class Gateway:
    """Answers whoever begins."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def hear(self, service: Service, payload: bytes) -> None:
        ask: Ask = decode(payload, Ask)
        challenge = Challenge(ask_id=ask.ask_id, challenge=b"sign this", expires_at=LONG_AGO)
        said = sign_answer(answer_to(payload, UNIT, challenge, at=datetime.now(UTC)), self._signer)
        service.say(topics.down(UNIT, topics.Down.ANSWER), encode(said))


class Site:
    """A unit and a clinic on one broker."""

    def __init__(
        self,
        identity: Callable[[str], TlsFiles],
        authority: SiteAuthority,
        signer_of: Callable[[str], Signer],
        new_result: Callable[..., Result],
        outbox: Path,
        parts: ExitStack,
    ) -> None:
        self._new_result = new_result
        with socket.create_server((HOST, 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._identity = identity
        self._parts = parts
        self._outbox_path = outbox
        self._signer_of = signer_of
        self._authority = authority
        self.consumer = Consumer(authority, signer_of(CONSUMER))
        heard = f"{topics.SIMULATION_ROOT}/+/up/"
        self.services = [
            Service(self.line(CONSUMER), heard + topics.Up.RESULT, self.consumer.hear),
            Service(self.line(GATEWAY), heard + topics.Up.ASK, Gateway(signer_of(GATEWAY)).hear),
        ]
        self.news: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.receipts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def line(self, name: str, machine: LinkMachine | None = None, files: TlsFiles | None = None) -> PahoLine:
        will = machine.last_will if machine else None
        line = PahoLine(BrokerAddress(HOST, self.port), UnitId(name), files or self._identity(name), will=will)
        return self._parts.enter_context(closing(line))

    def new_unit(self, life: ExitStack, files: TlsFiles | None = None) -> Link:
        """Switch a unit on; it is switched off with `life`."""
        status = Status(unit=UNIT, state="ready", birth_id="birth-0001", version="1.0", troubles=[], simulated=True)
        machine = LinkMachine(status, random=lambda: 0.0, policy=HASTY)
        self.outbox = life.enter_context(SqliteOutbox(self._outbox_path))
        link = Link(
            machine,
            line=self.line(UNIT, machine, files),
            outbox=self.outbox,
            clock=SystemClock(),
            signer=self._signer_of(UNIT),
            authority=self._authority.certificate,
            owner=LinkOwner(
                on_answer=self.news.put,
                on_ask_lost=lambda ask_id, reason: self.news.put((ask_id, reason)),
                on_line=lambda up, why: self.news.put("" if up else why),
                on_receipt=lambda receipt: self.receipts.put(receipt.message_id),
                on_fault=self.news.put,
            ),
            own_thread=True,
        )
        return life.enter_context(link)

    def open_clinic(self) -> None:
        for service in self.services:
            service.connect()

    def report(self, link: Link, *numbers: int) -> list[str]:
        names = [f"message-{number:05}" for number in numbers]
        for name in names:
            link.report(name, partial(self._new_result, name))
        return names

    def next_news(self) -> object:
        return self.news.get(timeout=PATIENCE_S)

    def wait_for_receipts(self, count: int) -> list[str]:
        return [self.receipts.get(timeout=PATIENCE_S) for _ in range(count)]


@pytest.fixture
def site(
    identity: Callable[[str], TlsFiles],
    authority: SiteAuthority,
    signer_of: Callable[[str], Signer],
    new_result: Callable[..., Result],
    tmp_path: Path,
) -> Iterator[Site]:
    with ExitStack() as parts:
        yield Site(identity, authority, signer_of, new_result, tmp_path / "outbox.db", parts)


def test_a_broker_that_is_killed_and_comes_back_loses_no_result(site: Site, start_broker: StartBroker) -> None:
    with ExitStack() as life:
        with start_broker(site.port) as broker:
            site.open_clinic()
            link = site.new_unit(life)
            assert site.next_news() == ""
            reported = site.report(link, *range(1, 101))
            # Some are through, some at the broker, some in the outbox.
            settled = site.wait_for_receipts(10)
            os.kill(broker.pid, signal.SIGKILL)
            assert site.next_news() != ""
            reported += site.report(link, *range(101, 121))
        with start_broker(site.port):
            site.open_clinic()
            settled += site.wait_for_receipts(len(reported) - len(settled))
            assert sorted(settled) == reported
            assert site.outbox.waiting(1) == []
            assert [site.consumer.stored[name] for name in reported] == list(range(1, 121))


def test_a_broker_that_is_absent_at_the_start_is_found_when_it_comes(site: Site, start_broker: StartBroker) -> None:
    with ExitStack() as life:
        link = site.new_unit(life)
        assert site.next_news() == f"no broker listens at {HOST}:{site.port}"
        reported = site.report(link, 1, 2, 3)
        with start_broker(site.port):
            site.open_clinic()
            assert sorted(site.wait_for_receipts(3)) == reported
            link.ask(Begin(ask_id="ask-00001", reception="visit-0001"), PATIENCE_S)
            assert site.next_news() == ""
            heard = site.next_news()
            assert isinstance(heard, Challenge)


def test_a_unit_that_does_not_trust_the_broker_says_so_and_keeps_its_results(
    site: Site, start_broker: StartBroker, identity: Callable[[str], TlsFiles]
) -> None:
    with ExitStack() as life, start_broker(site.port):
        own = identity(UNIT)
        link = site.new_unit(life, TlsFiles(authority=own.certificate, certificate=own.certificate, key=own.key))
        assert site.next_news() == "the broker's certificate is not signed by this unit's authority"
        site.report(link, 1)
        assert [kept.sequence for kept in site.outbox.waiting(9)] == [1]


def test_a_unit_that_is_switched_on_with_a_full_outbox_drains_it(site: Site, start_broker: StartBroker) -> None:
    with ExitStack() as life:
        reported = site.report(site.new_unit(life), *range(1, 201))
    with ExitStack() as life, start_broker(site.port):
        site.open_clinic()
        site.new_unit(life)
        assert sorted(site.wait_for_receipts(200)) == reported
        assert [site.consumer.stored[name] for name in reported] == list(range(1, 201))
        assert site.outbox.waiting(1) == []
