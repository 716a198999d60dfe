"""A broker in memory and lines to it: everything arrives before the call returns, unless the broker was told otherwise.

It honours the port as a real broker does: sessions outlive connections and queue what comes meanwhile, messages expire,
the last will is spoken, retained messages come first. Topics match by equality; lines of units need no wildcards.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from device.domain.values import UnitId
from device.ports.clock import Clock
from device.ports.line import Incoming, LastWill, LineEvents
from device.wire.topics import Up, speaker

Handler = Callable[[UnitId, bytes], None]
"""A program at the clinic: takes who spoke and what."""


@dataclass(frozen=True, slots=True)
class _Packet:
    topic: str
    payload: bytes
    expires_s: float

    @property
    def leaf(self) -> str:
        return self.topic.rpartition("/")[2]


@dataclass(slots=True)
class _Session:
    topics: set[str] = field(default_factory=set)
    queue: list[_Packet] = field(default_factory=list)
    line: MemoryLine | None = None


class _Fate(Enum):
    LOST = auto()
    DOUBLED = auto()
    HELD = auto()


class MemoryBroker:
    """A broker of one process. May be used from several threads; handlers and lines are called on the speaker's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}
        self._retained: dict[str, bytes] = {}
        self._handlers: dict[str, list[Handler]] = {}
        self._fates: list[tuple[str, _Fate]] = []
        self._held: list[_Packet] = []
        self._on_the_way: deque[_Packet] = deque()
        self._carrying = False
        self._absent: str | None = None
        self._parted = False
        # One thread may come back while it delivers: a line that hears something says something.
        self._lock = threading.RLock()

    def line(self, client_id: str, will: LastWill | None = None) -> MemoryLine:
        """Return a line to this broker; it is not connected yet."""
        return MemoryLine(self, client_id, will)

    def host(self, leaf: Up, handler: Handler) -> None:
        """Let a program of the clinic listen to what all units say on `leaf`."""
        with self._lock:
            self._handlers.setdefault(leaf, []).append(handler)

    def publish(self, topic: str, payload: bytes, *, expiry_s: int = 3600, retain: bool = False) -> None:
        """Say something, as the clinic does."""
        with self._lock:
            if retain:
                self._retained[topic] = payload
            self._carry(_Packet(topic, payload, self._clock.monotonic_s() + expiry_s))

    def retained(self, topic: str) -> bytes | None:
        """Return the retained message of a topic."""
        with self._lock:
            return self._retained.get(topic)

    # --- misbehaving ---

    def lose(self, leaf: str, times: int = 1) -> None:
        """Lose the next message(s) on topics that end with `leaf`, in either direction."""
        self._doom(leaf, _Fate.LOST, times)

    def double(self, leaf: str, times: int = 1) -> None:
        """Deliver the next message(s) on `leaf` twice."""
        self._doom(leaf, _Fate.DOUBLED, times)

    def hold(self, leaf: str, times: int = 1) -> None:
        """Keep the next message(s) on `leaf` back until `release`."""
        self._doom(leaf, _Fate.HELD, times)

    def release(self) -> None:
        """Deliver what was held back and has not expired."""
        with self._lock:
            held, self._held = self._held, []
            self._carry(*held)

    def partition(self) -> None:
        """From now on nothing passes in either direction, and nobody is told."""
        with self._lock:
            self._parted = True

    def heal(self) -> None:
        """End a partition. What was said meanwhile is lost."""
        with self._lock:
            self._parted = False

    def cut(self, client_id: str, why: str = "the line broke") -> None:
        """Break one connection; the broker speaks the last will at once, whatever its delay."""
        with self._lock:
            session = self._sessions.get(client_id)
            if session is not None and session.line is not None:
                line = session.line
                self._end(line, why)
                self._speak_will(line)

    def stop(self, why: str = "the broker is not there", *, forget: bool = False) -> None:
        """Die, with or without (`forget`) sessions, queues and retained messages on disk."""
        with self._lock:
            self._absent = why
            lines = [session.line for session in self._sessions.values() if session.line]
            self._held.clear()
            if forget:
                self._sessions.clear()
                self._retained.clear()
            for line in lines:
                self._end(line, why)

    def start(self) -> None:
        """Be there again."""
        with self._lock:
            self._absent = None

    def behave(self) -> None:
        """Be there, let everything pass, deliver what was held back, and plan no further mischief."""
        with self._lock:
            self._fates.clear()
            self.heal()
            self.start()
            self.release()

    # --- for its lines ---

    def attach(self, line: MemoryLine, events: LineEvents) -> None:
        """Let a line connect."""
        with self._lock:
            if self._parted:
                return
            if self._absent is not None:
                events.disconnected(self._absent)
                return
            session_present = line.client_id in self._sessions
            session = self._sessions.setdefault(line.client_id, _Session())
            if session.line is not None:
                self._end(session.line, "another connection took this name", refused=True)
            session.line = line
            line.events = events
            events.connected(session_present=session_present)
            queued, session.queue = session.queue, []
            for packet in queued:
                self._deliver(session, packet)

    def detach(self, line: MemoryLine) -> None:
        """Let a line go politely."""
        with self._lock:
            line.events = None
            session = self._sessions.get(line.client_id)
            if session is not None and session.line is line:
                session.line = None

    def listen(self, line: MemoryLine, topic: str) -> None:
        """Note a subscription and hand out what is retained."""
        with self._lock:
            if line.events is None or self._parted:
                return
            self._sessions[line.client_id].topics.add(topic)
            if topic in self._retained:
                line.events.received(Incoming(topic, self._retained[topic], retained=True))

    def take(self, line: MemoryLine, topic: str, payload: bytes, *, expiry_s: int, retain: bool) -> None:
        """Take a message from a line."""
        with self._lock:
            if line.events is not None and not self._parted:
                self.publish(topic, payload, expiry_s=expiry_s, retain=retain)

    def _doom(self, leaf: str, fate: _Fate, times: int) -> None:
        with self._lock:
            self._fates += [(leaf, fate)] * times

    def _end(self, line: MemoryLine, why: str, *, refused: bool = False) -> None:
        events = line.events
        self.detach(line)
        if events is not None:
            events.disconnected(why, refused=refused)

    def _speak_will(self, line: MemoryLine) -> None:
        if line.will is not None:
            self.publish(line.will.topic, line.will.payload, retain=line.will.retain)

    def _carry(self, *packets: _Packet) -> None:
        # One after the other: whoever answers while we deliver stands at the end of the queue.
        self._on_the_way += packets
        if self._carrying:
            return
        self._carrying = True
        try:
            while self._on_the_way:
                self._meet_fate(self._on_the_way.popleft())
        finally:
            self._carrying = False

    def _meet_fate(self, packet: _Packet) -> None:
        doom = next((doom for doom in self._fates if doom[0] == packet.leaf), None)
        if doom is not None:
            self._fates.remove(doom)
        match doom:
            case (_, _Fate.LOST):
                pass
            case (_, _Fate.HELD):
                self._held.append(packet)
            case (_, _Fate.DOUBLED):
                self._spread(packet)
                self._spread(packet)
            case None:
                self._spread(packet)

    def _spread(self, packet: _Packet) -> None:
        if packet.leaf in self._handlers and packet.expires_s > self._clock.monotonic_s():
            unit, _ = speaker(packet.topic)
            for handler in self._handlers[packet.leaf]:
                handler(unit, packet.payload)
        for session in list(self._sessions.values()):
            if packet.topic in session.topics:
                self._deliver(session, packet)

    def _deliver(self, session: _Session, packet: _Packet) -> None:
        if packet.expires_s <= self._clock.monotonic_s() or (session.line is not None and self._parted):
            return
        if session.line is None or session.line.events is None:
            session.queue.append(packet)
        else:
            session.line.events.received(Incoming(packet.topic, packet.payload, retained=False))


class MemoryLine:
    """A `Line` to a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, client_id: str, will: LastWill | None) -> None:
        self._broker = broker
        self.client_id = client_id
        self.will = will
        self.events: LineEvents | None = None
        """Whom to tell; None when not connected."""

    def connect(self, events: LineEvents) -> None:
        """Connect; the outcome is told before this returns, or never in a partition."""
        self._broker.attach(self, events)

    def subscribe(self, topic: str) -> None:
        """Listen."""
        self._broker.listen(self, topic)

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        """Speak."""
        self._broker.take(self, topic, payload, expiry_s=expiry_s, retain=retain)

    def close(self) -> None:
        """Let go."""
        self._broker.detach(self)
