"""A link in simulated time: a result to report, ears on its line, and a clock that is moved on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from device.app.link_worker import Link
from device.domain.reasons import Reason
from device.domain.values import UnitId
from device.ports.line import Line
from device.sim.clock import SimulatedClock
from device.wire.freshness import expiry
from device.wire.messages import Result


def make_result(unit: UnitId, message_id: str, sequence: int, at: datetime) -> Result:
    """Return how a visit ended that brought nothing: what matters here is the way that it goes."""
    return Result(
        message_id=message_id,
        sequence=sequence,
        unit=unit,
        reception="visit-0001",
        reason=Reason.CANCELLED,
        notices=[],
        card=None,
        assurance=None,
        consents={},
        started_at=at,
        ended_at=at,
        expires_at=expiry(at),
        sealed=None,
        simulated=True,
    )


class Tap:
    """A line that tells somebody what is said on it, with its topic, before the broker hears it."""

    def __init__(self, line: Line, note: Callable[[str, bytes], None]) -> None:
        self._line = line
        self._note = note
        self.connect = line.connect
        self.subscribe = line.subscribe
        self.close = line.close

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        """Tell, and hand it on."""
        self._note(topic, payload)
        self._line.publish(topic, payload, expiry_s=expiry_s, retain=retain)


def pass_time(clock: SimulatedClock, link: Link, seconds: float) -> None:
    """Let time pass, stopping wherever the link has something to do."""
    end_s = clock.monotonic_s() + seconds
    while (next_s := link.next_deadline_s()) <= end_s:
        clock.advance(max(0.0, next_s - clock.monotonic_s()))
        link.run_due()
    clock.advance(end_s - clock.monotonic_s())
