"""What the visit wants done. Effects are carried out in order; what comes back comes back as an event."""

from __future__ import annotations

from dataclasses import dataclass, field

from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.domain.secrets import Passcode, Pin
from device.domain.values import Assurance, AttendantReason, CardKind, ConsentItem, Move, ReceptionId
from device.reception.events import Timer
from device.reception.questions import Answers


@dataclass(frozen=True, slots=True)
class MeetVisitor:
    """A visit begins: from now until `ForgetVisitor` there is somebody to remember."""

    reception: ReceptionId


@dataclass(frozen=True, slots=True)
class ReadCard:
    """Find out what lies on the reader and read its certificate. → CardRead, CardFailed, CardRemoved."""


@dataclass(frozen=True, slots=True)
class AskChallenge:
    """Ask the service to begin. → ChallengeCame, AskFailed."""


@dataclass(frozen=True, slots=True)
class PreparePortrait:
    """Read the portrait and make a template of it, while other things are waited for. What fails, MatchFace tells."""


@dataclass(frozen=True, slots=True)
class MatchFace:
    """Compare the portrait with the visitor; prepare it first, if nobody did.

    → FaceMatched, MovesWanted, FaceFailed.
    """


@dataclass(frozen=True, slots=True)
class WatchMove:
    """Watch the visitor make this move, in place of whatever was watched before.

    → MoveSeen, MoveMistaken, FaceFailed.
    """

    move: Move


@dataclass(frozen=True, slots=True)
class StopMatching:
    """The visitor chose another way: leave the camera alone."""


@dataclass(frozen=True, slots=True)
class CountTries:
    """Ask the card how many PIN tries are left; costs none. → TriesCounted, CardFailed, CardRemoved."""


@dataclass(frozen=True, slots=True)
class OpenPinEntry:
    """From now on digits belong to the PIN. → DigitTyped, PinEntered, KeyPressed."""


@dataclass(frozen=True, slots=True)
class OpenChoice:
    """From now on these digits are answers, in place of any PIN entry. → Chosen."""

    choices: int
    """1 to this many."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckPasscode:
    """Hold the passcode against those on file, and wipe it. → AttendantAdmitted, AttendantRefused."""

    passcode: Passcode = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class VerifyPin:
    """Show the PIN to the card, exactly once. → PinAccepted, PinRefused, CardFailed, CardRemoved."""

    pin: Pin = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prove:
    """Have the card sign the challenge, by PIN or by an institution's credential. → ProofMade, ProofUnavailable, …."""

    assurance: Assurance


@dataclass(frozen=True, slots=True)
class AskHolder:
    """Send the sealed evidence. → HolderAccepted, RegistrationOffered, AskFailed."""

    assurance: Assurance


@dataclass(frozen=True, slots=True)
class AskRegistration:
    """The visitor wants the card to become an insurance card. → HolderAccepted, AskFailed."""


@dataclass(frozen=True, slots=True)
class CompareCard:
    """Is the card that came back the one that was lifted? → CardSame, CardDiffers."""


@dataclass(frozen=True, slots=True)
class AskQualification:
    """Send the visitor's answers. → QualificationCame, AskFailed."""

    answers: Answers
    emergency: bool
    """Nobody could be asked."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Start a timer, or start it again. → TimeUp."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class ShowCue:
    """Show a pattern of lamps and buzzer until the next one."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence: a phrase, or what the catalogue says of a reason."""

    line: Phrase | Reason
    tries_left: int | None = None
    items: tuple[ConsentItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    """Say these sentences, one after the other, in place of whatever is being said."""

    lines: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class StopWork:
    """Stop timers, PIN entry, matching and asks of this visit."""


@dataclass(frozen=True, slots=True)
class Report:
    """Keep the result for the clinic and send it. → ReportFailed."""

    reason: Reason
    notices: tuple[Reason, ...]
    card: CardKind | None
    assurance: Assurance | None
    answers: Answers
    attendant: AttendantReason | None


@dataclass(frozen=True, slots=True)
class ReleaseCard:
    """Power the card off: a verified PIN must not outlive the visit."""


@dataclass(frozen=True, slots=True)
class ForgetVisitor:
    """Overwrite everything that this visit held in memory."""


Effect = (
    MeetVisitor
    | ReadCard
    | AskChallenge
    | PreparePortrait
    | MatchFace
    | WatchMove
    | StopMatching
    | CountTries
    | OpenPinEntry
    | OpenChoice
    | CheckPasscode
    | VerifyPin
    | Prove
    | AskHolder
    | AskRegistration
    | CompareCard
    | AskQualification
    | StartTimer
    | ShowCue
    | Say
    | StopWork
    | Report
    | ReleaseCard
    | ForgetVisitor
)
