"""The message line to the clinic, and the store that outlives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message from the broker."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker shall say for us when the line breaks without a polite end."""

    topic: str
    payload: bytes
    retain: bool
    delay_s: int
    """How long the broker waits for us to come back before it speaks."""


class LineEvents(Protocol):
    """What a line tells its owner; called on a thread of the line's own, so only hand the news on."""

    def connected(self, *, session_present: bool) -> None:
        """The broker accepted us. Without a present session, everything must be subscribed and sent again."""

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        """The line is gone or was never there; `why` is for people.

        `refused` says that somebody answered and turned us away, or was not who we trust: not to be tried again soon.
        """

    def unheard(self, topic: str) -> None:
        """The broker took a message on `topic` and had nobody to give it to."""

    def received(self, message: Incoming) -> None:
        """A message came in."""


class Line(Protocol):
    """One connection to one broker. It does not reconnect by itself: when to try is decided in `device.link`."""

    def connect(self, events: LineEvents) -> None:
        """Start connecting; the outcome comes as an event. Never raises for an absent broker."""

    def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1."""

    def publish(self, topic: str, payload: bytes, *, expiry_s: int, retain: bool = False) -> None:
        """Hand over with QoS 1 and an expiry; delivery is not promised, a receipt is. Dropped when not connected."""

    def close(self) -> None:
        """Disconnect politely and stop: no event comes of this, and none after it. Harmless when repeated.

        What was published before is still handed over; the last will is not spoken.
        """


@dataclass(frozen=True, slots=True)
class Kept:
    """One message waiting for its receipt."""

    sequence: int
    message_id: str
    payload: bytes


class Outbox(Protocol):
    """Results that wait for the clinic's receipt; survives power cuts at any moment.

    It stores nothing in the clear. Every method raises Fault(OUTBOX_FAULT) when the disk refuses.
    """

    def add(self, message_id: str, seal: Callable[[int], bytes]) -> Kept:
        """Take the next sequence number, keep the payload that `seal(sequence)` makes, all in one transaction."""

    def waiting(self, limit: int) -> list[Kept]:
        """Return the oldest kept messages, in order of sequence."""

    @property
    def depth(self) -> int:
        """How many are kept."""

    def settle(self, message_id: str, check: Callable[[Kept], None]) -> bool:
        """Delete one, unless `check` raises on it; return False when it was not there. Only a receipt may call this."""
