"""What the link machine is told. Each is handed in together with the time."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.domain.errors import Drop
from device.ports.line import Incoming, Kept
from device.wire.messages import Ask, Status
from device.wire.said import Said
from device.wire.topics import Up


@dataclass(frozen=True, slots=True)
class Start:
    """From now on there shall be a line."""


@dataclass(frozen=True, slots=True)
class Stop:
    """From now on there shall be none."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted us."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The line is gone or was never there."""

    why: str
    refused: bool = False
    """The broker was there and turned us away."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nobody listens to this topic of ours at present."""

    topic: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message came in."""

    message: Incoming


@dataclass(frozen=True, slots=True)
class AskIssued:
    """The visit wants an answer, and not later than `deadline_s`."""

    ask: Ask
    deadline_s: float


@dataclass(frozen=True, slots=True)
class ResultKept:
    """A result was put into the outbox."""


@dataclass(frozen=True, slots=True)
class OutboxRead:
    """The answer to the action `ReadOutbox`: the oldest results there are."""

    kept: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class OutboxFailed:
    """The outbox could not be read or emptied."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The answer to the action `OpenSigned`: the clinic did sign it, for us."""

    said: Said


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to the action `Settle`: this result waits no longer."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """The other answer to `OpenSigned` and `Settle`: it has no effect."""

    drop: Drop


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The unit's state is another one."""

    status: Status


@dataclass(frozen=True, slots=True)
class Reported:
    """Something for the fleet. Without a line it is dropped: whoever said it says it anew when there is one."""

    leaf: Up
    payload: bytes = field(repr=False)
    expiry_s: int


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The clock of the day was set: what was refused for its date may be good now."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened, but it is later."""


Event = (
    Start
    | Stop
    | Connected
    | Disconnected
    | Unheard
    | Received
    | AskIssued
    | ResultKept
    | OutboxRead
    | OutboxFailed
    | Opened
    | Settled
    | Dropped
    | StatusChanged
    | Reported
    | ClockSet
    | TimePassed
)
