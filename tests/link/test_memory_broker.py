"""What the broker in memory does on demand, and what no contract can ask of a real one without waiting."""

from __future__ import annotations

import pytest

from device.domain.values import UnitId
from device.ports.line import Incoming
from device.sim.clock import SimulatedClock
from device.sim.line import MemoryBroker, MemoryLine
from device.wire import topics

UNIT = UnitId("sim-front-desk")
ASK = topics.up(UNIT, topics.Up.ASK)
ANSWER = topics.down(UNIT, topics.Down.ANSWER)


class Ears:
    """Hear a line."""

    def __init__(self) -> None:
        self.news: list[str] = []

    def connected(self, *, session_present: bool) -> None:
        self.news.append(f"up, session {session_present}")

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        del refused
        self.news.append(why)

    def unheard(self, topic: str) -> None:
        del topic

    def received(self, message: Incoming) -> None:
        self.news.append(message.payload.decode())


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def broker(clock: SimulatedClock) -> MemoryBroker:
    return MemoryBroker(clock)


@pytest.fixture
def line(broker: MemoryBroker, ears: Ears) -> MemoryLine:
    """A line that is up and listens for answers; its ears have forgotten how it came up."""
    line = broker.line(UNIT)
    line.connect(ears)
    line.subscribe(ANSWER)
    ears.news.clear()
    return line


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.mark.usefixtures("line")
def test_a_lost_message_does_not_arrive_and_the_next_one_does(broker: MemoryBroker, ears: Ears) -> None:
    broker.lose(topics.Down.ANSWER)
    broker.publish(ANSWER, b"one")
    broker.publish(ANSWER, b"two")
    assert ears.news == ["two"]


@pytest.mark.usefixtures("line")
def test_a_doubled_message_arrives_twice(broker: MemoryBroker, ears: Ears) -> None:
    broker.double(topics.Down.ANSWER)
    broker.publish(ANSWER, b"one")
    assert ears.news == ["one", "one"]


@pytest.mark.usefixtures("line")
def test_a_held_message_arrives_late(broker: MemoryBroker, ears: Ears) -> None:
    broker.hold(topics.Down.ANSWER)
    broker.publish(ANSWER, b"one")
    broker.publish(ANSWER, b"two")
    broker.release()
    assert ears.news == ["two", "one"]


@pytest.mark.usefixtures("line")
def test_a_held_message_that_expired_does_not_arrive(broker: MemoryBroker, clock: SimulatedClock, ears: Ears) -> None:
    broker.hold(topics.Down.ANSWER)
    broker.publish(ANSWER, b"one", expiry_s=5)
    clock.advance(5)
    broker.release()
    assert ears.news == []


def test_a_message_to_the_clinic_that_expired_on_the_way_does_not_arrive(
    broker: MemoryBroker, clock: SimulatedClock, line: MemoryLine
) -> None:
    heard: list[bytes] = []
    broker.host(topics.Up.ASK, lambda _unit, payload: heard.append(payload))
    broker.hold(topics.Up.ASK)
    line.publish(ASK, b"one", expiry_s=5)
    clock.advance(5)
    broker.release()
    line.publish(ASK, b"two", expiry_s=5)
    assert heard == [b"two"]


def test_a_message_for_an_absent_unit_waits_only_as_long_as_it_is_good(
    broker: MemoryBroker, clock: SimulatedClock, line: MemoryLine, ears: Ears
) -> None:
    line.close()
    broker.publish(ANSWER, b"short-lived", expiry_s=5)
    broker.publish(ANSWER, b"long-lived", expiry_s=60)
    clock.advance(30)
    line.connect(ears)
    assert ears.news == ["up, session True", "long-lived"]


def test_in_a_partition_nothing_passes_and_nobody_is_told(broker: MemoryBroker, line: MemoryLine, ears: Ears) -> None:
    heard: list[bytes] = []
    broker.host(topics.Up.ASK, lambda _unit, payload: heard.append(payload))
    broker.partition()
    line.publish(ASK, b"one", expiry_s=60)
    line.subscribe(topics.down(UNIT, topics.Down.RECEIPT))
    broker.publish(ANSWER, b"two")
    late = Ears()
    broker.line("sim-back-desk").connect(late)
    assert (heard, ears.news, late.news) == ([], [], [])
    broker.heal()
    broker.publish(ANSWER, b"three")
    assert ears.news == ["three"]


@pytest.mark.usefixtures("line")
def test_a_second_line_of_one_name_throws_the_first_off(broker: MemoryBroker, ears: Ears) -> None:
    second = Ears()
    broker.line(UNIT).connect(second)
    assert ears.news == ["another connection took this name"]
    assert second.news == ["up, session True"]


def test_a_broker_that_forgets_knows_no_session(broker: MemoryBroker, line: MemoryLine, ears: Ears) -> None:
    broker.stop("gone", forget=True)
    broker.start()
    line.connect(ears)
    broker.publish(ANSWER, b"nobody subscribed")
    assert ears.news == ["gone", "up, session False"]


def test_a_retained_word_is_kept_for_those_who_come_later(broker: MemoryBroker, ears: Ears) -> None:
    broker.publish(ANSWER, b"old", retain=True)
    assert broker.retained(ANSWER) == b"old"
    line = broker.line(UNIT)
    line.connect(ears)
    line.subscribe(ANSWER)
    assert ears.news == ["up, session False", "old"]


def test_cutting_a_line_that_is_not_there_does_nothing(broker: MemoryBroker, line: MemoryLine, ears: Ears) -> None:
    broker.cut("sim-back-desk")
    line.close()
    broker.cut(UNIT)
    assert ears.news == []


def test_a_clinic_that_answers_at_once_is_heard_after_everybody_heard_the_question(broker: MemoryBroker) -> None:
    order: list[str] = []
    broker.host(topics.Up.ASK, lambda unit, _: broker.publish(topics.down(unit, topics.Down.ANSWER), b"answer"))
    broker.host(topics.Up.ASK, lambda _unit, _payload: order.append("another program heard the ask"))
    ears = Ears()
    ears.news = order
    line = broker.line(UNIT)
    line.connect(ears)
    line.subscribe(ANSWER)
    line.publish(ASK, b"ask", expiry_s=60)
    assert order == ["up, session False", "another program heard the ask", "answer"]
