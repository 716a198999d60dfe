"""The link at work: its machine with a line, an outbox and a clock.

It runs in one of two ways, over the same code. With a thread of its own (the unit) it waits there for news or the next
deadline. Without (the simulated world) everything happens on the caller's thread before the call returns, and whoever
moves the clock calls `run_due()` when `next_deadline_s()` has come.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, assert_never

from cryptography import x509
from msgspec.structs import replace

from device.domain.errors import Drop, Fault, MessageError
from device.domain.reasons import Reason
from device.link import events
from device.link.actions import (
    Action,
    AskLost,
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
    SendResult,
    Settle,
    Subscribe,
)
from device.link.machine import LinkMachine
from device.ports.clock import Clock
from device.ports.line import Incoming, Kept, Line, Outbox
from device.wire.codec import decode, encode
from device.wire.freshness import expiry
from device.wire.messages import Answer, Ask, Receipt, Result, SignedResult
from device.wire.receipts import check_receipt, copy_of
from device.wire.said import Signed, open_said
from device.wire.sealing import Signer
from device.wire.topics import Down, Up

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOwner:
    """Whom the link tells its news, where the link runs: only hand the news on."""

    on_answer: Callable[[Answer], None]
    on_ask_lost: Callable[[str, Reason], None]
    """Takes the id of the ask."""
    on_line: Callable[[bool, str], None]
    """Takes whether the line is up and, if it is not, why (for people)."""
    on_receipt: Callable[[Receipt], None]
    """Once for each result: it has left the outbox. `refused` says that the clinic will never take it."""
    on_fault: Callable[[Fault], None]
    """The outbox could not be read or emptied, or the clinic takes nothing. All is tried again; nothing is lost."""
    on_order: Callable[[Down, bytes], None] = lambda _leaf, _payload: None
    """What the fleet said, unread, on what the machine listens to besides."""


class Link:
    """The unit's link to the clinic. Every method may be called from any thread, if it has a thread of its own."""

    def __init__(
        self,
        machine: LinkMachine,
        *,
        line: Line,
        outbox: Outbox,
        clock: Clock,
        signer: Signer,
        authority: x509.Certificate,
        owner: LinkOwner,
        own_thread: bool,
    ) -> None:
        """`line` carries the machine's `last_will`; `signer` signs each copy of a result that is sent.

        `authority` is the site's: whose `clinic-gateway` answers, and whose `clinic-consumer` has results.
        """
        self._machine = machine
        self._status = machine.status
        self._line = line
        self._outbox = outbox
        self._clock = clock
        self._signer = signer
        self._authority = authority
        self._owner = owner
        self._clock_zero = self._zero()
        """What the clock of the day showed when the other clock began to count: moves when somebody sets it."""
        self._inbox: deque[tuple[events.Event, _Ears | None]] = deque()
        self._news = threading.Condition()
        self._ears: _Ears | None = None
        self._running = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="link") if own_thread else None

    def start(self) -> None:
        """Begin to connect. Asks and results that came before wait for it."""
        self._post(events.Start())
        if self._thread:
            self._thread.start()

    def close(self) -> None:
        """Say that the unit is offline, let go of the line and give up every ask. What is in the outbox stays there."""
        self._post(events.Stop())
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread and self._thread.is_alive():
            self._thread.join()

    def ask(self, ask: Ask, timeout_s: float) -> None:
        """Ask the gateway; `on_answer` or, `timeout_s` from now at the latest, `on_ask_lost` follows."""
        self._post(events.AskIssued(ask, self._clock.monotonic_s() + timeout_s))

    def report(self, message_id: str, build: Callable[[int], Result]) -> None:
        """Keep a result until the clinic has it, and send it as soon as there is a line.

        `build(sequence)` makes the result, with `message_id` and that sequence in it. When this returns the result
        survives a power cut. It is kept unsigned, and signed whenever it is sent: a signature made today would not
        outlive the certificate. Raise Fault(OUTBOX_FAULT) when it could not be kept.
        """
        self._outbox.add(message_id, lambda sequence: encode(build(sequence)))
        self._post(events.ResultKept())

    def tell_fleet(self, leaf: Up, payload: bytes, expiry_s: int) -> None:
        """Say something to the fleet, if there is a line now."""
        self._post(events.Reported(leaf, payload, expiry_s))

    def set_status(self, state: Literal["ready", "impaired"], troubles: Sequence[Reason] = ()) -> None:
        """Say what state the unit is in; said again at each connection."""
        with self._news:
            status = replace(self._status, state=state, troubles=list(troubles))
            is_news = status != self._status
            self._status = status
        if is_news:
            self._post(events.StatusChanged(status))

    @property
    def dropped(self) -> Counter[Drop]:
        """How many incoming messages had no effect, and why."""
        return self._machine.dropped

    def next_deadline_s(self) -> float:
        """When to call `run_due` if nothing else happens (monotonic seconds, infinite when never)."""
        return self._machine.wake_at_s

    def run_due(self) -> None:
        """Do everything that came in and everything that is due by now.

        Called again from within (a line in memory brings its answer while we still speak), it returns at once: the
        news was put into the inbox and its turn comes.
        """
        if self._running:
            return
        self._running = True
        try:
            self._handle(events.ClockSet() if self._clock_was_set() else events.TimePassed())
            while self._inbox:
                event, ears = self._inbox.popleft()
                # What an earlier connection still says is not about this one.
                if ears is None or ears is self._ears:
                    self._handle(event)
        finally:
            self._running = False

    def _clock_was_set(self) -> bool:
        before, self._clock_zero = self._clock_zero, self._zero()
        return abs((self._clock_zero - before).total_seconds()) > self._machine.policy.clock_set_s

    def _zero(self) -> datetime:
        return self._clock.utc_now() - timedelta(seconds=self._clock.monotonic_s())

    def _post(self, event: events.Event, ears: _Ears | None = None) -> None:
        with self._news:
            self._inbox.append((event, ears))
            self._news.notify()
        if self._thread is None:
            self.run_due()

    def _run(self) -> None:
        while self._wait():
            self.run_due()

    def _wait(self) -> bool:
        with self._news:
            while not self._inbox:
                left_s = self._machine.wake_at_s - self._clock.monotonic_s()
                if self._closing or left_s <= 0:
                    return not self._closing
                self._news.wait(min(left_s, threading.TIMEOUT_MAX))
            return True

    def _handle(self, event: events.Event) -> None:
        for action in self._machine.handle(event, self._clock.monotonic_s()):
            self._do(action)

    def _do(self, action: Action) -> None:
        # Nothing is locked here: a line may call back at once, and from another thread.
        match action:
            case Subscribe(topic):
                self._line.subscribe(topic)
            case Publish(topic, payload, expiry_s, retain):
                self._line.publish(topic, payload, expiry_s=expiry_s, retain=retain)
            case ReadOutbox(limit):
                self._read_outbox(limit)
            case SendResult(topic, kept, expiry_s):
                self._send(topic, kept, expiry_s)
            case OpenSigned() | ReportStale() | Settle():
                self._mind_said(action)
            case DeliverAnswer(answer):
                self._owner.on_answer(answer)
            case DeliverOrder(leaf, payload):
                self._owner.on_order(leaf, payload)
            case AskLost(ask_id, reason):
                self._owner.on_ask_lost(ask_id, reason)
            case Connect() | Close() | LineUp() | LineDown():
                self._move(action)
            case _:
                assert_never(action)

    def _move(self, action: Connect | Close | LineUp | LineDown) -> None:
        match action:
            case Connect():
                self._ears = _Ears(self._post)
                self._line.connect(self._ears)
            case Close():
                self._ears = None
                self._line.close()
            case LineUp():
                log.info("the line is up")
                self._owner.on_line(True, "")  # noqa: FBT003  a callback has no keywords
            case LineDown(why):
                log.warning("the line is down: %s", why)
                self._owner.on_line(False, why)  # noqa: FBT003

    def _mind_said(self, action: OpenSigned | ReportStale | Settle) -> None:
        match action:
            case OpenSigned(signed):
                self._open_signed(signed)
            case ReportStale(receipt):
                there, here = (f"{time:%Y-%m-%d %H:%M}" for time in (receipt.signed_at, self._clock.utc_now()))
                self._trouble(
                    f"the clinic takes result {receipt.sequence} for too old or too new: "
                    f"a clock is wrong by a day (there {there} UTC, here {here})",
                    Reason.CLOCK_DOUBTFUL,
                )
            case Settle(receipt):
                self._settle(receipt)

    def _read_outbox(self, limit: int) -> None:
        try:
            self._first(events.OutboxRead(tuple(self._outbox.waiting(limit))))
        except Fault as fault:
            self._outbox_failed(fault)

    def _send(self, topic: str, kept: Kept, expiry_s: int) -> None:
        now = self._clock.utc_now()
        try:
            result: Result = decode(kept.payload, Result)
        except MessageError as error:
            self._trouble(f"result {kept.sequence} cannot be read and is not sent: {error}", Reason.OUTBOX_FAULT)
            return
        if (now - result.ended_at).total_seconds() >= self._machine.policy.results_late_s:
            self._trouble(f"result {kept.sequence} waits since {result.ended_at:%Y-%m-%d}", Reason.RESULTS_LATE)
        copy = SignedResult(jws=self._signer.sign(copy_of(kept.payload, expiry(now))))
        self._line.publish(topic, encode(copy), expiry_s=expiry_s)

    def _trouble(self, words: str, reason: Reason) -> None:
        self._owner.on_fault(Fault(words, part="results", reason=reason))

    def _open_signed(self, signed: Signed) -> None:
        now = self._clock.utc_now()
        try:
            said = open_said(signed, unit=self._status.unit, authority=self._authority, at=now)
        except MessageError as error:
            self._drop(error)
        else:
            self._first(events.Opened(said))

    def _settle(self, receipt: Receipt) -> None:
        try:
            was_kept = self._outbox.settle(receipt.message_id, lambda kept: check_receipt(receipt, kept.payload))
        except MessageError as error:
            self._drop(error)
        except Fault as fault:
            self._outbox_failed(fault)
        else:
            self._first(events.Settled(receipt.message_id))
            if was_kept:
                self._owner.on_receipt(receipt)
            else:
                # Mostly the second receipt of a result that was sent twice.
                self._first(events.Dropped(Drop.UNSOLICITED))

    def _drop(self, error: MessageError) -> None:
        log.warning("what was said to us has no effect: %s", error)
        self._first(events.Dropped(error.drop))

    def _first(self, event: events.Event) -> None:
        """Let this be the next thing that the machine is told."""
        self._inbox.appendleft((event, None))

    def _outbox_failed(self, fault: Fault) -> None:
        log.error("%s", fault)
        self._first(events.OutboxFailed())
        self._owner.on_fault(fault)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Ears:
    """The ears of one connection. They only hand on; which connection it was goes along."""

    def __init__(self, post: Callable[[events.Event, _Ears], None]) -> None:
        self._post = post

    def connected(self, *, session_present: bool) -> None:
        # A session that is present still gets everything again; see the machine.
        del session_present
        self._post(events.Connected(), self)

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        self._post(events.Disconnected(why, refused), self)

    def unheard(self, topic: str) -> None:
        self._post(events.Unheard(topic), self)

    def received(self, message: Incoming) -> None:
        self._post(events.Received(message), self)
