"""What the fleet's machine on a unit is told, and what it wants done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from device.link.twin import Mode, TwinBook, Version
from device.wire.fleet import Health
from device.wire.rollout import UpdateOrder, UpdateReport
from device.wire.topics import Down, Up

# --- what it is told ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineCame:
    """There is a line to the broker."""


@dataclass(frozen=True, slots=True)
class LineWent:
    """There is none any more."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """The fleet said something."""

    leaf: Down
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """The unit has tried the settings out; without errors they are good."""

    errors: tuple[str, ...]
    local: tuple[str, ...] = ()
    """What the unit's own file overrides."""


@dataclass(frozen=True, slots=True)
class HealthRead:
    """The answer to `ReadHealth`."""

    health: Health


@dataclass(frozen=True, slots=True)
class LogsCollected:
    """The answer to `CollectLogs`."""

    command_id: str
    content: bytes = field(repr=False)
    redactions: int


@dataclass(frozen=True, slots=True)
class Wiped:
    """The answer to `Wipe`: a signed receipt."""

    jws: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestMade:
    """The answer to `MakeRequest`: a certificate request for a new key."""

    csr: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpdateTold:
    """Whoever changes versions says how far an order is."""

    report: UpdateReport


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened, but it is later."""


FleetEvent = (
    LineCame
    | LineWent
    | Ordered
    | TrialEnded
    | HealthRead
    | LogsCollected
    | Wiped
    | RequestMade
    | UpdateTold
    | TimePassed
)

# --- what it wants done -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the fleet."""

    leaf: Up
    payload: bytes = field(repr=False)
    expiry_s: int


@dataclass(frozen=True, slots=True)
class KeepBook:
    """Put the book on the disk before anything else is done."""

    book: TwinBook


@dataclass(frozen=True, slots=True)
class SetMode:
    """From now on serve visitors, or serve none."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class TryOut:
    """Put settings in force, test yourself, and say how it went (`TrialEnded`)."""

    version: Version


@dataclass(frozen=True, slots=True)
class GoBack:
    """Put the settings before in force again."""

    version: Version


@dataclass(frozen=True, slots=True)
class ReadHealth:
    """Look how the unit is."""


@dataclass(frozen=True, slots=True)
class CollectLogs:
    """Take the last log lines together, without secrets."""

    command_id: str


@dataclass(frozen=True, slots=True)
class Wipe:
    """Sign what will be gone, hand it back as `Wiped`; it goes when that is said."""

    command_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Vanish:
    """The receipt is on its way: delete everything."""


@dataclass(frozen=True, slots=True)
class MakeRequest:
    """Make a new key and a certificate request for it."""


@dataclass(frozen=True, slots=True)
class UseCertificate:
    """Keep the next certificate with its key, and connect with it from now on."""

    certificate: bytes = field(repr=False)
    rescue: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandOver:
    """An order about updates: for whoever may change versions, who checks the fleet's signature as well."""

    order: UpdateOrder
    payload: bytes = field(repr=False)


FleetAction = (
    HandOver
    | Say
    | KeepBook
    | SetMode
    | TryOut
    | GoBack
    | ReadHealth
    | CollectLogs
    | Wipe
    | Vanish
    | MakeRequest
    | UseCertificate
)
