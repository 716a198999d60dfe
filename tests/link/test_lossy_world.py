"""Whatever goes wrong on the way: nothing is lost, nothing is settled without a receipt, nothing waits for ever."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from device.sim.line import MemoryBroker
from device.sim.outbox import MemoryOutbox
from device.wire import topics
from device.wire.codec import decode
from device.wire.messages import Result, SignedResult

if TYPE_CHECKING:
    from tests.link.conftest import World

LEAVES = st.sampled_from([topics.Up.ASK, topics.Up.RESULT, topics.Down.ANSWER, topics.Down.RECEIPT])
MISCHIEF = [MemoryBroker.lose, MemoryBroker.double, MemoryBroker.hold]
WEATHER: list[Callable[[MemoryBroker], None]] = [
    lambda broker: broker.cut("sim-front-desk"),
    lambda broker: broker.stop(),
    lambda broker: broker.stop(forget=True),
    MemoryBroker.start,
    MemoryBroker.partition,
    MemoryBroker.heal,
]
ASK_TIMEOUT_S = 20.0


class LossyWorld(RuleBasedStateMachine):
    """A unit, a clinic, and everything that can happen to a line between them."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.reported: list[str] = []
        self.asked: list[str] = []
        """In this life of the unit."""
        self.world.link.start()

    @rule(count=st.sampled_from([1, 2, 20]))
    def visits_end(self, count: int) -> None:
        self.reported += [self.world.report() for _ in range(count)]

    @rule()
    def a_visit_asks(self) -> None:
        self.asked.append(f"ask-{len(self.reported):03}-{len(self.asked):05}")
        self.world.ask(self.asked[-1], ASK_TIMEOUT_S)

    @rule(seconds=st.sampled_from([0.1, 1, 7, 40, 600]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(weather=st.sampled_from(WEATHER))
    def the_weather_changes(self, weather: Callable[[MemoryBroker], None]) -> None:
        weather(self.world.broker)

    @rule(mischief=st.sampled_from(MISCHIEF), leaf=LEAVES, times=st.integers(1, 3))
    def messages_go_astray(self, mischief: Callable[[MemoryBroker, str, int], None], leaf: str, times: int) -> None:
        mischief(self.world.broker, leaf, times)

    @rule()
    def late_messages_arrive(self) -> None:
        self.world.broker.release()

    @rule(is_open=st.booleans())
    def the_clinic_closes_or_opens(self, *, is_open: bool) -> None:
        self.world.clinic.is_open = is_open

    @rule()
    def the_unit_loses_power(self) -> None:
        self.world.broker.cut("sim-front-desk")
        self.asked.clear()
        self.world.answers.clear()
        self.world.lost.clear()
        self.world.next_life().start()

    @rule()
    def the_disk_refuses_while_late_messages_arrive(self) -> None:
        assert isinstance(self.world.outbox, MemoryOutbox)
        self.world.outbox.break_down()
        self.world.broker.release()
        self.world.pass_time(1)
        self.world.outbox.repair()

    @invariant()
    def nothing_is_settled_without_the_clinic_having_it(self) -> None:
        waiting = set(self.world.waiting)
        assert [name for name in self.reported if name not in waiting and name not in self.world.clinic.stored] == []

    @invariant()
    def what_waits_is_in_order(self) -> None:
        assert self.world.waiting == [name for name in self.reported if name in set(self.world.waiting)]

    @invariant()
    def no_ask_ends_twice_or_waits_beyond_its_deadline(self) -> None:
        ended = [answer.ask_id for answer in self.world.answers] + [ask_id for ask_id, _ in self.world.lost]
        assert len(ended) == len(set(ended))
        assert self.world.link.next_deadline_s() > self.world.clock.monotonic_s()

    def teardown(self) -> None:
        world = self.world
        world.clinic.is_open = True
        world.broker.cut("sim-front-desk")
        world.broker.behave()
        world.pass_time(ASK_TIMEOUT_S + world.policy.connect_timeout_s)
        world.pass_time(world.policy.backoff_longest_s + world.policy.result_repeat_longest_s)
        assert world.waiting == []
        assert sorted(receipt.message_id for receipt in world.receipts) == self.reported
        assert [world.clinic.stored[name] for name in self.reported] == list(range(1, len(self.reported) + 1))
        ended = [answer.ask_id for answer in world.answers] + [ask_id for ask_id, _ in world.lost]
        assert sorted(ended) == sorted(self.asked)
        assert self.first_said() == sorted(self.first_said())

    def first_said(self) -> list[int]:
        """Return the numbers of the results in the order in which the unit said each for the first time."""
        said = [payload for topic, payload in self.world.said if topic.endswith(topics.Up.RESULT)]
        return list(dict.fromkeys(number_of(payload) for payload in said))


def number_of(payload: bytes) -> int:
    signed: SignedResult = decode(payload, SignedResult)
    claims = signed.jws.split(".")[1]
    result: Result = decode(urlsafe_b64decode(claims + "=="), Result)
    return result.sequence


def test_every_result_gets_its_receipt_once_the_line_is_good(new_world: Callable[[], World]) -> None:
    class NewLossyWorld(LossyWorld):
        def __init__(self) -> None:
            super().__init__(new_world())

    run_state_machine_as_test(NewLossyWorld, settings=settings(max_examples=100, stateful_step_count=25, deadline=None))
