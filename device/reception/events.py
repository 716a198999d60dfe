"""What can happen. Every event says which visit it belongs to; what belongs to another visit is dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.secrets import Passcode, Pin
from device.domain.values import CardFacts, Move, ReceptionId
from device.reception.questions import Question


class Timer(StrEnum):
    """Timers are events; each name runs at most once at a time."""

    STEP = "step"
    """The bound of the present state."""
    PATIENCE = "patience"
    """Something was awaited in silence for long enough to be worth a word."""
    HINT = "hint"
    """The voice is free for another hint."""
    REMOVAL = "removal"
    """The visit is over: is the card still there?"""


class Key(StrEnum):
    """The two keys that mean something outside PIN entry."""

    YES = "#"
    NO = "*"


@dataclass(frozen=True, slots=True)
class _Event:
    reception: ReceptionId


@dataclass(frozen=True, slots=True)
class CardPresented(_Event):
    """A card lies on the reader; `reception` is the new visit's name."""


@dataclass(frozen=True, slots=True)
class CardRemoved(_Event):
    """The card left the field, or stopped answering because of it."""


@dataclass(frozen=True, slots=True)
class CardRead(_Event):
    """The card said what it is, and its certificate was read where it is free to read."""

    facts: CardFacts


@dataclass(frozen=True, slots=True)
class CardFailed(_Event):
    """The card could not be used for what was asked of it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class ChallengeCame(_Event):
    """The service gave a challenge to sign."""


@dataclass(frozen=True, slots=True)
class AskFailed(_Event):
    """The service refused an ask, or did not answer in time."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class FaceMatched(_Event):
    """Portrait and frames show the same person."""


@dataclass(frozen=True, slots=True)
class MovesWanted(_Event):
    """The same person; before that counts, some of these moves shall be seen, in the order that chance has drawn."""

    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class MoveSeen(_Event):
    """The move that was asked for, made by the same person, and not by something flat."""

    move: Move


@dataclass(frozen=True, slots=True)
class FaceHint(_Event):
    """The camera sees the visitor, but not well; `hint` is one of `FACE_HINTS` or `STEERING`. The matching goes on."""

    hint: Reason | Phrase


@dataclass(frozen=True, slots=True)
class MoveMistaken(_Event):
    """Another move was made than the one asked for: left and right are easily mixed up, and films hear nothing."""

    move: Move
    """The one asked for."""


@dataclass(frozen=True, slots=True)
class FaceFailed(_Event):
    """They do not, or it cannot be said."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class TriesCounted(_Event):
    """The card says how many PIN tries are left; 0 is blocked."""

    tries_left: int


@dataclass(frozen=True, slots=True)
class DigitTyped(_Event):
    """A digit key was pressed, for a PIN or not; which one it was stays in the panel."""


@dataclass(frozen=True, slots=True, eq=False)
class PinEntered(_Event):
    """Four digits and the hash key."""

    pin: Pin = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyPressed(_Event):
    """Hash or star, outside PIN entry or with no digits typed."""

    key: Key


@dataclass(frozen=True, slots=True)
class Chosen(_Event):
    """A digit that stands for an answer, where a question with choices is open."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class PasscodeEntered(_Event):
    """An attendant's passcode and the hash key, at any moment: it is longer than any PIN."""

    passcode: Passcode = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttendantAdmitted(_Event):
    """The passcode is one of those on file."""

    fresh: ReceptionId
    """What the visit is called that begins where the last one is over and its card still lies there."""


@dataclass(frozen=True, slots=True)
class AttendantRefused(_Event):
    """It is not, or none is taken at present."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class PinAccepted(_Event):
    """The card accepted the PIN."""


@dataclass(frozen=True, slots=True)
class PinRefused(_Event):
    """The card counted a wrong PIN; 0 is blocked."""

    tries_left: int


@dataclass(frozen=True, slots=True)
class PinUnanswered(_Event):
    """Contact broke between the PIN and the card's answer; asked anew, the same card says how many tries are left."""

    tries_left: int


@dataclass(frozen=True, slots=True)
class ProofMade(_Event):
    """The card signed the challenge."""


@dataclass(frozen=True, slots=True)
class ProofUnavailable(_Event):
    """After a face match the card does not sign without PIN: no institution's credential is installed."""


@dataclass(frozen=True, slots=True)
class HolderAccepted(_Event):
    """The service accepted the proof and the card is an insurance card; these questions belong to the visit."""

    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class RegistrationOffered(_Event):
    """The service accepted the proof; the card is no insurance card yet and may become one."""


@dataclass(frozen=True, slots=True)
class CardSame(_Event):
    """The card that came back is the one that was lifted."""


@dataclass(frozen=True, slots=True)
class CardDiffers(_Event):
    """It is another one, or cannot show which one it is."""


@dataclass(frozen=True, slots=True)
class QualificationCame(_Event):
    """The service answered the whole question."""

    reason: Reason
    notices: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ReportFailed(_Event):
    """The result could not be kept for the clinic."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class TimeUp(_Event):
    """A timer ran out."""

    timer: Timer


Event = (
    CardPresented
    | CardRemoved
    | CardRead
    | CardFailed
    | ChallengeCame
    | AskFailed
    | FaceMatched
    | MovesWanted
    | MoveSeen
    | MoveMistaken
    | FaceHint
    | FaceFailed
    | TriesCounted
    | DigitTyped
    | PinEntered
    | KeyPressed
    | Chosen
    | PasscodeEntered
    | AttendantAdmitted
    | AttendantRefused
    | PinAccepted
    | PinRefused
    | PinUnanswered
    | ProofMade
    | ProofUnavailable
    | HolderAccepted
    | RegistrationOffered
    | CardSame
    | CardDiffers
    | QualificationCame
    | ReportFailed
    | TimeUp
)
