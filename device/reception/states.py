"""Where a visit can stand. Nothing here tells who the visitor is: secrets and evidence live with the effects."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import Assurance, AttendantReason, CardFacts, Method, Move, ReceptionId
from device.reception.questions import Answers, Question


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
    admitted: bool = False
    """An attendant's passcode came before the card was read."""
    attendant: AttendantReason | None = None
    """Why an attendant confirmed the visitor by eye."""
    answers: Answers = field(default_factory=Answers)


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
    hint: Reason | Phrase | None = None
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
class Asking:
    """A question waits for its key. The one state of all questions."""

    visit: Visit
    question: Question
    later: tuple[Question, ...] = ()
    """What is asked after this one."""


@dataclass(frozen=True, slots=True)
class Returning:
    """The visitor lifted the card for a yes; the same card must come back."""

    asking: Asking
    newcomer: ReceptionId | None = None
    """What the visit of the card that came is called if it is another one; None until one came."""

    @property
    def visit(self) -> Visit:
        """The visit that was asked."""
        return self.asking.visit


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
    | CheckingPin
    | Proving
    | AwaitingHolder
    | Asking
    | Returning
    | AwaitingQualification
)
State = Idle | Active | Settled
