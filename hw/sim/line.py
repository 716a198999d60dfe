"""The simulated unit's line to a real broker: paho's thread hands the news over, the unit's own thread takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.ports.line import Incoming, LastWill, Line, LineEvents


class HandedOverLine:
    """A `Line` whose news wait until `hand_over` is called: a simulated unit thinks on one thread alone."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._news: deque[Callable[[], None]] = deque()
        self.is_up = False

    def connect(self, events: LineEvents) -> None:
        """Start a new connection, in place of an earlier one."""
        self.is_up = False
        self._line.connect(_Queued(events, self._news, self._now_up))

    def subscribe(self, topic: str) -> None:
        """Subscribe."""
        self._line.subscribe(topic)

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        """Publish."""
        self._line.publish(topic, payload, expiry_s=expiry_s, retain=retain)

    def close(self) -> None:
        """Disconnect; what was not handed over yet is thrown away."""
        self.is_up = False
        self._line.close()
        self._news.clear()

    def hand_over(self) -> None:
        """Tell what has come in, on the caller's thread."""
        while self._news:
            self._news.popleft()()

    def _now_up(self, *, up: bool) -> None:
        self.is_up = up


class _Queued:
    """`LineEvents` that only keep what to tell."""

    def __init__(self, events: LineEvents, news: deque[Callable[[], None]], tell: Callable[..., None]) -> None:
        self._events = events
        self._news = news
        self._tell = tell

    def connected(self, *, session_present: bool) -> None:
        self._tell(up=True)
        self._news.append(partial(self._events.connected, session_present=session_present))

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        self._tell(up=False)
        self._news.append(partial(self._events.disconnected, why, refused=refused))

    def unheard(self, topic: str) -> None:
        self._news.append(partial(self._events.unheard, topic))

    def received(self, message: Incoming) -> None:
        self._news.append(partial(self._events.received, message))


class BrokerLines:
    """Lines to one broker under one unit's name; the latest is kept."""

    def __init__(self, broker: BrokerAddress, unit: UnitId, files: TlsFiles) -> None:
        self._broker = broker
        self._unit = unit
        self._files = files
        self.latest: HandedOverLine | None = None

    def open_line(self, will: LastWill) -> HandedOverLine:
        """Return a line that is not connected yet."""
        self.latest = HandedOverLine(PahoLine(self._broker, self._unit, self._files, will=will))
        return self.latest
