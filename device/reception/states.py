"""Where a visit can stand. Nothing here tells who the visitor is: secrets and evidence live with the effects."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.reasons import Reason
from device.domain.values import Assurance, CardFacts, ConsentItem, Method, Move, ReceptionId


@dataclass(frozen=True, slots=True)
class Visit:
    """What has become known so far."""

    reception: ReceptionId
    method: Method
    card: CardFacts | None = None
    challenged: bool = False
    faces_tried: int = 0
    assurance: Assurance | None = None
    """Set once the service accepted the proof."""
    consents: tuple[tuple[ConsentItem, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is here."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The card is being read while the challenge is fetched."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Matching:
    """The visitor looks at the camera."""

    visit: Visit
    voice_free: bool = False
    """A hint may be spoken without cutting off what was said before."""
    hint: Reason | None = None
    """The last one; the same is not said twice in a row."""


@dataclass(frozen=True, slots=True)
class Moving:
    """The face matched; now the visitor makes the first of these moves."""

    visit: Visit
    moves: tuple[Move, ...]
    """The one asked for now, then the ones that are left to ask for."""
    seen: int = 0
    extended: int = 0
    """How often this move was given more time."""


@dataclass(frozen=True, slots=True)
class CountingTries:
    """The card is asked how many PIN tries are left."""

    visit: Visit
    why: Reason | None
    """What brought the visit here, to be said together with the question that follows."""


@dataclass(frozen=True, slots=True)
class AskingPin:
    """The visitor types."""

    visit: Visit
    tries_left: int


@dataclass(frozen=True, slots=True)
class WarningLastTry:
    """One try is left: does the visitor want to spend it?"""

    visit: Visit


@dataclass(frozen=True, slots=True)
class CheckingPin:
    """The card looks at the PIN."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Proving:
    """The card signs the challenge."""

    visit: Visit
    assurance: Assurance


@dataclass(frozen=True, slots=True)
class AwaitingHolder:
    """The service looks at the proof."""

    visit: Visit
    assurance: Assurance


@dataclass(frozen=True, slots=True)
class AskingConsent:
    """May the clinic see these?"""

    visit: Visit
    items: tuple[ConsentItem, ...]


@dataclass(frozen=True, slots=True)
class AwaitingQualification:
    """The service answers the whole question."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Settled:
    """The visit is over and forgotten; the card may still lie there."""

    reception: ReceptionId
    reason: Reason
    card_present: bool


Active = (
    Reading
    | Matching
    | Moving
    | CountingTries
    | AskingPin
    | WarningLastTry
    | CheckingPin
    | Proving
    | AwaitingHolder
    | AskingConsent
    | AwaitingQualification
)
State = Idle | Active | Settled
