"""What every line promises, asked of the one in memory and of the one to a real mosquitto."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.ports.line import Incoming, LastWill, Line
from device.sim.clock import SimulatedClock
from device.sim.line import MemoryBroker
from device.wire import topics
from device.wire.services import GATEWAY
from faults.proxy import TcpProxy
from provisioning.mosquitto import RunningBroker
from provisioning.pki import SiteAuthority

UNIT = UnitId("sim-front-desk")
ASK = topics.up(UNIT, topics.Up.ASK)
ANSWER = topics.down(UNIT, topics.Down.ANSWER)
RECEIPT = topics.down(UNIT, topics.Down.RECEIPT)
PATIENCE_S = 15.0
"""Only a broken line ever waits this long."""


class Ears:
    """Hear a line from any thread."""

    def __init__(self) -> None:
        self._news: queue.SimpleQueue[bool | str | Incoming] = queue.SimpleQueue()

    def connected(self, *, session_present: bool) -> None:
        self._news.put(session_present)

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        del refused
        self._news.put(why)

    def unheard(self, topic: str) -> None:
        del topic

    def received(self, message: Incoming) -> None:
        self._news.put(message)

    def next(self) -> bool | str | Incoming:
        return self._news.get(timeout=PATIENCE_S)

    @property
    def hear_nothing(self) -> bool:
        return self._news.empty()


class Hall(Protocol):
    """A broker with a clinic behind it, and the lines of one unit."""

    def line(self, will: LastWill | None = None) -> Line: ...

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """The clinic says something."""

    def next_ask(self) -> bytes:
        """Return what the clinic heard next on the topic of asks."""

    def cut(self) -> None:
        """Break the unit's line."""

    def stop(self) -> None:
        """End the broker."""

    def start(self) -> object:
        """Let the broker come back with its sessions."""


class MemoryHall:
    def __init__(self) -> None:
        self._broker = MemoryBroker(SimulatedClock())
        self._heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._broker.host(topics.Up.ASK, lambda _unit, payload: self._heard.put(payload))

    def line(self, will: LastWill | None = None) -> Line:
        return self._broker.line(UNIT, will)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._broker.publish(topic, payload, retain=retain)

    def next_ask(self) -> bytes:
        return self._heard.get(timeout=PATIENCE_S)

    def cut(self) -> None:
        self._broker.cut(UNIT)

    def stop(self) -> None:
        self._broker.stop()

    def start(self) -> None:
        self._broker.start()


class MosquittoHall:
    def __init__(
        self,
        start_broker: StartBroker,
        identity: Callable[[str], TlsFiles],
        wire_to: WireTo,
        parts: ExitStack,
    ) -> None:
        self._start_broker = start_broker
        self._identity = identity
        self._parts = parts
        self._life = parts.enter_context(ExitStack())
        self._port: int | None = None
        self._wire = wire_to(self.start())

    def line(self, will: LastWill | None = None) -> Line:
        line = PahoLine(BrokerAddress("127.0.0.1", self._wire.port), UNIT, self._identity(UNIT), will=will)
        return self._parts.enter_context(closing(line))

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._clinic.publish(topic, payload, expiry_s=60, retain=retain)

    def next_ask(self) -> bytes:
        heard = self._ears.next()
        assert isinstance(heard, Incoming)
        assert heard.topic == ASK
        return heard.payload

    def cut(self) -> None:
        self._wire.cut()

    def stop(self) -> None:
        self._life.close()

    def start(self) -> int:
        broker = self._life.enter_context(self._start_broker(self._port))
        self._port = broker.port
        self._clinic = PahoLine(BrokerAddress(broker.address, broker.port), UnitId(GATEWAY), self._identity(GATEWAY))
        self._life.enter_context(closing(self._clinic))
        self._ears = Ears()
        self._clinic.connect(self._ears)
        assert isinstance(self._ears.next(), bool)
        self._clinic.subscribe(ASK.replace(UNIT, "+"))
        return broker.port


StartBroker = Callable[[int | None], AbstractContextManager[RunningBroker]]
WireTo = Callable[[int], TcpProxy]


@pytest.fixture
def memory_hall() -> Hall:
    return MemoryHall()


@pytest.fixture
def mosquitto_hall(start_broker: StartBroker, identity: Callable[[str], TlsFiles], wire_to: WireTo) -> Iterator[Hall]:
    with ExitStack() as parts:
        yield MosquittoHall(start_broker, identity, wire_to, parts)


@pytest.fixture
def table_hall(
    table_identity: Callable[[str, SiteAuthority, Path], TlsFiles],
    authority: SiteAuthority,
    site_folder: Path,
    start_broker: StartBroker,
    identity: Callable[[str], TlsFiles],
    wire_to: WireTo,
) -> Iterator[Hall]:
    """A broker on the unit itself, and the unit's own way to prove itself to one."""
    files = table_identity(UNIT, authority, site_folder / "authority.cert.pem")
    with ExitStack() as parts:
        yield MosquittoHall(start_broker, lambda name: files if name == UNIT else identity(name), wire_to, parts)


@pytest.fixture(params=["memory", pytest.param("mosquitto", marks=pytest.mark.broker)])
def hall(request: pytest.FixtureRequest) -> Hall:
    chosen: Hall = request.getfixturevalue(f"{request.param}_hall")
    return chosen


def connected(hall: Hall, *topics_heard: str, will: LastWill | None = None) -> tuple[Line, Ears]:
    """Return a line that is up, and whose subscriptions the broker knows."""
    line, ears = hall.line(will), Ears()
    line.connect(ears)
    assert ears.next() is False
    for topic in topics_heard:
        line.subscribe(topic)
    said_and_heard(hall, line)
    return line, ears


def said_and_heard(hall: Hall, line: Line, words: bytes = b"everything before this arrived") -> None:
    line.publish(ASK, words, expiry_s=60)
    assert hall.next_ask() == words


def test_a_first_connection_has_no_session_and_a_second_one_finds_it(hall: Hall) -> None:
    line, _ = connected(hall)
    line.close()
    ears = Ears()
    line.connect(ears)
    assert ears.next() is True


def test_what_the_clinic_says_arrives_as_it_was_said(hall: Hall) -> None:
    _, ears = connected(hall, ANSWER)
    hall.say(ANSWER, b"\x00\xff as bytes")
    assert ears.next() == Incoming(ANSWER, b"\x00\xff as bytes", retained=False)


def test_what_was_not_subscribed_is_not_heard(hall: Hall) -> None:
    _, ears = connected(hall, ANSWER)
    hall.say(RECEIPT, b"not for now")
    hall.say(ANSWER, b"for now")
    assert ears.next() == Incoming(ANSWER, b"for now", retained=False)


def test_a_retained_message_is_marked_as_one(hall: Hall) -> None:
    hall.say(ANSWER, b"an old word", retain=True)
    _, ears = connected(hall, ANSWER)
    assert ears.next() == Incoming(ANSWER, b"an old word", retained=True)


def test_messages_arrive_at_the_clinic_in_the_order_in_which_they_were_said(hall: Hall) -> None:
    line, _ = connected(hall)
    said = [b"ask %d" % n for n in range(100)]
    for words in said:
        line.publish(ASK, words, expiry_s=60)
    assert [hall.next_ask() for _ in said] == said


def test_a_large_message_arrives_whole(hall: Hall) -> None:
    line, _ = connected(hall)
    said_and_heard(hall, line, bytes(range(256)) * 500)


def test_what_is_said_without_a_connection_is_dropped_and_does_no_harm(hall: Hall) -> None:
    line = hall.line()
    line.subscribe(ANSWER)
    line.publish(ASK, b"into the void", expiry_s=60)
    line.connect(Ears())
    line.close()
    line.publish(ASK, b"into the void again", expiry_s=60)
    ears = Ears()
    line.connect(ears)
    ears.next()
    said_and_heard(hall, line)


def test_what_is_said_to_an_absent_unit_waits_for_it(hall: Hall) -> None:
    line, _ = connected(hall, ANSWER)
    line.close()
    hall.say(ANSWER, b"while you were away")
    ears = Ears()
    line.connect(ears)
    assert ears.next() is True
    assert ears.next() == Incoming(ANSWER, b"while you were away", retained=False)


def test_a_broken_line_says_so_once_and_can_connect_again(hall: Hall) -> None:
    line, ears = connected(hall)
    hall.cut()
    why = ears.next()
    assert isinstance(why, str)
    assert why
    assert ears.hear_nothing
    line.connect(ears)
    assert ears.next() is True
    said_and_heard(hall, line)


def test_an_absent_broker_is_told_as_words_and_not_raised(hall: Hall) -> None:
    line = hall.line()
    hall.stop()
    ears = Ears()
    line.connect(ears)
    why = ears.next()
    assert isinstance(why, str)
    assert why


def test_a_broker_that_comes_back_still_knows_the_unit(hall: Hall) -> None:
    line, ears = connected(hall, ANSWER)
    hall.stop()
    assert isinstance(ears.next(), str)
    hall.start()
    line.connect(ears)
    assert ears.next() is True
    said_and_heard(hall, line)
    hall.say(ANSWER, b"welcome back")
    assert ears.next() == Incoming(ANSWER, b"welcome back", retained=False)


def test_the_last_will_is_spoken_when_the_line_breaks(hall: Hall) -> None:
    connected(hall, will=LastWill(ASK, b"I am gone", retain=False, delay_s=0))
    hall.cut()
    assert hall.next_ask() == b"I am gone"


def test_the_last_will_is_not_spoken_after_a_polite_end_and_the_farewell_is(hall: Hall) -> None:
    line, _ = connected(hall, will=LastWill(ASK, b"I am gone", retain=False, delay_s=0))
    line.publish(ASK, b"good bye", expiry_s=60)
    line.close()
    assert hall.next_ask() == b"good bye"
    ears = Ears()
    line.connect(ears)
    assert ears.next() is True
    said_and_heard(hall, line)


def test_after_closing_nothing_is_heard_and_closing_again_does_no_harm(hall: Hall) -> None:
    line, ears = connected(hall, ANSWER)
    line.close()
    line.close()
    hall.say(ANSWER, b"too late")
    other, other_ears = hall.line(), Ears()
    other.connect(other_ears)
    assert other_ears.next() is True
    assert other_ears.next() == Incoming(ANSWER, b"too late", retained=False)
    assert ears.hear_nothing


def test_closing_before_the_connection_came_about_is_silent_too(hall: Hall) -> None:
    line, ears = hall.line(), Ears()
    line.connect(ears)
    line.close()
    heard = [] if ears.hear_nothing else [ears.next()]
    assert heard in ([], [False])
