"""What the link machine wants done, in the order in which it says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.domain.reasons import Reason
from device.ports.line import Kept
from device.wire.messages import Answer, Receipt
from device.wire.said import Signed
from device.wire.topics import Down


@dataclass(frozen=True, slots=True)
class Connect:
    """Start connecting."""


@dataclass(frozen=True, slots=True)
class Close:
    """Let go of the line; nothing that it still says counts."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Listen to a topic."""

    topic: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Hand a message to the broker."""

    topic: str
    payload: bytes = field(repr=False)
    expiry_s: int
    retain: bool = False


@dataclass(frozen=True, slots=True)
class ReadOutbox:
    """Read the oldest `limit` results and hand them back as `OutboxRead` before anything else."""

    limit: int


@dataclass(frozen=True, slots=True)
class SendResult:
    """Sign a copy of a result and hand it to the broker."""

    topic: str
    kept: Kept
    expiry_s: int


@dataclass(frozen=True, slots=True)
class OpenSigned:
    """See who signed it, and hand it back as `Opened`, or as `Dropped`, before anything else."""

    signed: Signed


@dataclass(frozen=True, slots=True)
class ReportStale:
    """The clinic took a copy for too old or too new: the result stays, and the owner has to know."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Settle:
    """The clinic has it: delete the result if it is the one that was meant, and tell the owner.

    Hand back `Settled`, or `Dropped`, before anything else.
    """

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class DeliverAnswer:
    """The answer to an ask that still waits for one."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class DeliverOrder:
    """What the fleet said; nobody has looked inside yet."""

    leaf: Down
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskLost:
    """No answer came in time."""

    ask_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class LineUp:
    """The line is there."""


@dataclass(frozen=True, slots=True)
class LineDown:
    """The line is gone, or cannot be had for another cause than before."""

    why: str


Action = (
    Connect
    | Close
    | Subscribe
    | Publish
    | ReadOutbox
    | SendResult
    | OpenSigned
    | ReportStale
    | Settle
    | DeliverAnswer
    | DeliverOrder
    | AskLost
    | LineUp
    | LineDown
)
