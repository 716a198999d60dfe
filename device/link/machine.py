"""The link machine: events and the time go in, actions come out. It reads no clock, holds no thread, touches no socket.

    state       Start        Connected   Disconnected     time is up           Stop
    ----------  -----------  ----------  ---------------  -------------------  -------
    OFF         → TRYING     ·           ·                ·                    ·
    TRYING      ·            → UP        → PAUSING        → PAUSING (silence)  → OFF
    PAUSING     ·            ·           ·                → TRYING             → OFF
    UP          ·            ·           → PAUSING        (back-off resets)    → OFF

When the clock of the day is set, a pause ends and every copy goes out anew; so do asks whose answers were too old.
Asks and results may come in every state; they go out while UP.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import assert_never

from msgspec.structs import replace

from device.domain.errors import Drop, MessageError
from device.domain.values import UnitId
from device.link import events
from device.link.actions import (
    Action,
    Close,
    Connect,
    DeliverAnswer,
    DeliverOrder,
    LineDown,
    LineUp,
    OpenSigned,
    Publish,
    ReadOutbox,
    ReportStale,
    Settle,
    Subscribe,
)
from device.link.asks import AskBook
from device.link.backoff import Backoff
from device.link.policy import LinkPolicy
from device.link.window import ResultWindow
from device.ports.line import Incoming, LastWill
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.messages import GivenAnswer, Receipt, SignedAnswer, SignedReceipt, Status
from device.wire.receipts import check_receipt
from device.wire.said import Signed


class State(Enum):
    """Where the machine is with its line."""

    OFF = auto()
    TRYING = auto()
    PAUSING = auto()
    UP = auto()


class LinkMachine:
    """What to do about the line, the asks and the results of one unit."""

    def __init__(
        self,
        status: Status,
        *,
        random: Callable[[], float],
        policy: LinkPolicy | None = None,
        also: Sequence[topics.Down] = (),
    ) -> None:
        """`status` is what the unit says of itself at first; `random` gives numbers from 0 up to, not including, 1.

        `also` is what is listened to besides the clinic's words, and only handed on: the fleet's orders.
        """
        self._policy = policy or LinkPolicy()
        self._unit = UnitId(status.unit)
        self._also = {topics.down(self._unit, leaf): leaf for leaf in also}
        self._status = status
        self._backoff = Backoff(self._policy.backoff_first_s, random)
        self._asks = AskBook(self._unit, self._policy.ask_repeat_share)
        self._window = ResultWindow(self._unit, self._policy)
        self._state = State.OFF
        self._turn_at_s = math.inf
        """When the state's own time is up."""
        self._read_outbox_at_s = -math.inf
        """Not to be read before; the outbox failed."""
        self._dates_doubted = False
        """A broker, a copy, a receipt or an answer was refused, and the clock of the day may be why."""
        self._look_at_clock_s = math.inf
        self._told: str | None = None
        """The cause of the line's absence that the owner knows of."""
        self.dropped: Counter[Drop] = Counter()
        """How many incoming messages had no effect, and why."""

    @property
    def state(self) -> State:
        """Where the machine is with its line."""
        return self._state

    @property
    def policy(self) -> LinkPolicy:
        """The numbers that it goes by."""
        return self._policy

    @property
    def status(self) -> Status:
        """What the unit says of itself."""
        return self._status

    @property
    def last_will(self) -> LastWill:
        """What the broker shall say when we fall silent. By its birth id a late word of an earlier life is told."""
        return LastWill(
            topic=topics.up(self._unit, topics.Up.STATUS),
            payload=encode(self._offline()),
            retain=True,
            delay_s=self._policy.will_delay_s,
        )

    @property
    def wake_at_s(self) -> float:
        """When to hand in `TimePassed` if nothing else happens; infinite when never."""
        wake_at_s = min(self._turn_at_s, self._asks.wake_at_s, self._look_at_clock_s)
        if self._state is State.UP:
            wake_at_s = min(wake_at_s, self._window.wake_at_s)
            if self._window.wants_more:
                wake_at_s = min(wake_at_s, self._read_outbox_at_s)
        return wake_at_s

    def handle(self, event: events.Event, now_s: float) -> list[Action]:
        """Take one event at `now_s` (monotonic seconds) and return what to do, in this order."""
        actions = [*self._react(event, now_s), *self._due(now_s)]
        self._look_at_clock_s = now_s + self._policy.clock_look_s if self._dates_doubted else math.inf
        return actions

    def _react(self, event: events.Event, now_s: float) -> list[Action]:
        match event:
            case events.Start() | events.Stop() | events.Connected() | events.Disconnected():
                return self._move(event, now_s)
            case events.Received(message):
                return self._receive(message)
            case events.Unheard(topic):
                self._window.unheard(topic, now_s)
                return []
            case events.AskIssued() | events.StatusChanged() | events.Reported():
                return self._tell(event, now_s)
            case events.ResultKept() | events.OutboxRead() | events.OutboxFailed():
                return self._mind_outbox(event, now_s)
            case events.Opened() | events.Settled() | events.Dropped():
                return self._mind_said(event)
            case events.ClockSet():
                return self._clock_set(now_s)
            case events.TimePassed():
                return []
            case _:  # pragma: no cover  mypy proves that nobody comes here
                assert_never(event)

    def _tell(self, event: events.AskIssued | events.StatusChanged | events.Reported, now_s: float) -> list[Action]:
        up = self._state is State.UP
        match event:
            case events.AskIssued(ask, deadline_s):
                self._asks.add(ask, deadline_s)
                return [self._asks.say(ask.ask_id, now_s)] if up else []
            case events.StatusChanged(status):
                self._status = status
                return [self._say(status)] if up else []
            case events.Reported(leaf, payload, expiry_s):
                return [Publish(topics.up(self._unit, leaf), payload, expiry_s)] if up else []

    def _clock_set(self, now_s: float) -> list[Action]:
        doubted, self._dates_doubted = self._dates_doubted, False
        self._backoff.reset()
        self._window.say_all_again(now_s)
        if self._state is State.PAUSING:
            return self._try(now_s)
        return [*self._asks.say_all(now_s)] if doubted and self._state is State.UP else []

    def _mind_outbox(
        self, event: events.ResultKept | events.OutboxRead | events.OutboxFailed, now_s: float
    ) -> list[Action]:
        if isinstance(event, events.OutboxRead):
            return [*self._window.fill(event.kept, now_s)] if self._state is State.UP else []
        if isinstance(event, events.OutboxFailed):
            self._read_outbox_at_s = now_s + self._policy.outbox_retry_s
        self._window.note_more()
        return []

    def _move(
        self, event: events.Start | events.Stop | events.Connected | events.Disconnected, now_s: float
    ) -> list[Action]:
        match event, self._state:
            case events.Start(), State.OFF:
                return self._try(now_s)
            case events.Connected(), State.TRYING:
                return self._up(now_s)
            case events.Disconnected(why, refused), State.TRYING | State.UP:
                return self._down(why, now_s, refused=refused)
            case events.Stop(), _:
                return self._stop()
            case _:
                # News of an attempt that was already given up.
                return []

    def _due(self, now_s: float) -> list[Action]:
        actions: list[Action] = []
        if now_s >= self._turn_at_s:
            actions += self._turn(now_s)
        actions += self._asks.due(now_s)
        if self._state is State.UP:
            actions += self._window.due(now_s)
            if self._window.wants_more and now_s >= self._read_outbox_at_s:
                actions.append(ReadOutbox(self._policy.results_in_flight))
        return actions

    def _turn(self, now_s: float) -> list[Action]:
        match self._state:
            case State.PAUSING:
                return self._try(now_s)
            case State.TRYING:
                silence = f"no answer from the broker within {self._policy.connect_timeout_s:.0f} s"
                return [Close(), *self._down(silence, now_s)]
            case _:
                self._turn_at_s = math.inf
                self._backoff.reset()
                return []

    def _try(self, now_s: float) -> list[Action]:
        self._state = State.TRYING
        self._turn_at_s = now_s + self._policy.connect_timeout_s
        return [Connect()]

    def _up(self, now_s: float) -> list[Action]:
        self._state = State.UP
        self._dates_doubted = False
        self._turn_at_s = now_s + self._policy.steady_after_s
        self._told = None
        # A broker that lost our session knows none of this; for one that kept it, hearing it again changes nothing.
        return [
            Subscribe(topics.down(self._unit, topics.Down.ANSWER)),
            Subscribe(topics.down(self._unit, topics.Down.RECEIPT)),
            *(Subscribe(topic) for topic in self._also),
            self._say(self._status),
            LineUp(),
            *self._asks.say_all(now_s),
        ]

    def _down(self, why: str, now_s: float, *, refused: bool = False) -> list[Action]:
        was_told = self._told
        longest_s = self._policy.backoff_refused_s if refused else self._policy.backoff_longest_s
        self._lose_line(State.PAUSING, now_s + self._backoff.next_delay_s(longest_s))
        self._told = why
        self._dates_doubted = refused
        # Each failed attempt has a cause; only a new one is news.
        return [] if why == was_told else [LineDown(why)]

    def _stop(self) -> list[Action]:
        farewell = [self._say(self._offline())] if self._state is State.UP else []
        was_off = self._state is State.OFF
        self._dates_doubted = False
        self._lose_line(State.OFF, math.inf)
        return [*farewell, *([] if was_off else [Close()]), *self._asks.lose_all()]

    def _lose_line(self, state: State, turn_at_s: float) -> None:
        self._state = state
        self._turn_at_s = turn_at_s
        self._told = None
        self._asks.line_lost()
        self._window.line_lost()

    def _receive(self, message: Incoming) -> list[Action]:
        if not message.retained and (leaf := self._also.get(message.topic)) is not None:
            return [DeliverOrder(leaf, message.payload)]
        kind = {
            topics.down(self._unit, topics.Down.ANSWER): SignedAnswer,
            topics.down(self._unit, topics.Down.RECEIPT): SignedReceipt,
        }.get(message.topic)
        if kind is None or message.retained:
            return self._drop(Drop.RETAINED if message.retained else Drop.FOREIGN_TOPIC)
        try:
            signed: Signed = decode(message.payload, kind)
        except MessageError as error:
            return self._drop(error.drop)
        return [OpenSigned(signed)]

    def _mind_said(self, event: events.Opened | events.Settled | events.Dropped) -> list[Action]:
        match event:
            case events.Opened(said):
                return self._take_answer(said) if isinstance(said, GivenAnswer) else self._take_receipt(said)
            case events.Settled(message_id):
                self._dates_doubted = False
                self._window.settle(message_id)
                return []
            case events.Dropped(drop):
                self._dates_doubted |= drop is Drop.STALE
                return self._drop(drop)

    def _take_answer(self, given: GivenAnswer) -> list[Action]:
        try:
            answer = self._asks.take(given)
        except MessageError as error:
            return self._drop(error.drop)
        self._dates_doubted = False
        return [DeliverAnswer(answer)]

    def _take_receipt(self, receipt: Receipt) -> list[Action]:
        if receipt.disposition != "stale":
            # It may be for a result that is not under way in this life: the broker kept it while we were off.
            return [Settle(receipt)]
        if (kept := self._window.under_way(receipt.message_id)) is None:
            return self._drop(Drop.UNSOLICITED)
        try:
            check_receipt(receipt, kept.payload)
        except MessageError as error:
            return self._drop(error.drop)
        self._dates_doubted = True
        return [ReportStale(receipt)]

    def _drop(self, drop: Drop) -> list[Action]:
        self.dropped[drop] += 1
        return []

    def _offline(self) -> Status:
        return replace(self._status, state="offline", troubles=[])

    def _say(self, status: Status) -> Publish:
        topic = topics.up(self._unit, topics.Up.STATUS)
        return Publish(topic, encode(status), expiry_s=self._policy.status_expiry_s, retain=True)
