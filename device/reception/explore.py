"""Every state that a visit can reach, found by trying every kind of event on every state from `Idle` on.

Because `step` is pure and its states carry only what decides, the whole machine is a few hundred states: the diagram in
`docs/visit.md` is drawn from this, and the properties in the tests hold for all of it, not for a sample.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.secrets import Passcode, Pin
from device.domain.values import CardFacts, CardKind, ConsentItem, Move, PinUse, ReceptionId
from device.reception import events as on
from device.reception.effects import Effect
from device.reception.events import Event, Key, Timer
from device.reception.machine import step
from device.reception.policy import Policy
from device.reception.questions import Question, Topic
from device.reception.states import Idle, State

VISIT = ReceptionId("0" * 32)
"""The visit that all explored events belong to."""

_FACE_REASONS = (
    Reason.FACE_MISMATCH,
    Reason.FACE_NOT_FOUND,
    Reason.PORTRAIT_UNREADABLE,
    Reason.FACE_UNAVAILABLE,
    Reason.LIVENESS_UNSURE,
)

_HINTS = (Reason.FACE_TOO_DARK, Phrase.MORE_LEFT)

_QUESTIONS = (
    (),
    (Question(Topic.CONSENT, (ConsentItem.MEDICATION, ConsentItem.CHECKUP)),),
    (
        Question(Topic.CONSENT, (ConsentItem.MEDICATION,)),
        Question(Topic.CONSENT, (ConsentItem.CHECKUP,)),
        Question(Topic.PUBLIC_EXPENSE),
        Question(Topic.PRESCRIPTION),
    ),
)


def events(visit: ReceptionId = VISIT) -> tuple[Event, ...]:
    """Return at least one event of every kind, and one for every value that decides something."""
    return (
        on.CardPresented(visit),
        on.CardRemoved(visit),
        on.CardRead(visit, CardFacts(CardKind.PLASTIC, has_surface=True)),
        on.CardRead(visit, CardFacts(CardKind.ANDROID, has_surface=False)),
        on.CardRead(visit, CardFacts(CardKind.IPHONE, has_surface=False, pin=PinUse.PHONE)),
        on.CardRead(visit, CardFacts(CardKind.PINLESS, has_surface=True, pin=PinUse.NOWHERE)),
        on.CardFailed(visit, Reason.CARD_UNREADABLE),
        on.ChallengeCame(visit),
        on.AskFailed(visit, Reason.SERVICE_UNREACHABLE),
        on.FaceMatched(visit),
        on.MovesWanted(visit, (Move.TURN_RIGHT, Move.TURN_LEFT)),
        on.MovesWanted(visit, ()),
        *(on.MoveSeen(visit, move) for move in (Move.TURN_RIGHT, Move.TURN_LEFT)),
        *(on.MoveMistaken(visit, move) for move in (Move.TURN_RIGHT, Move.TURN_LEFT)),
        *(on.FaceHint(visit, reason) for reason in _HINTS),
        *(on.FaceFailed(visit, reason) for reason in _FACE_REASONS),
        *(on.TriesCounted(visit, left) for left in range(4)),
        on.DigitTyped(visit),
        on.PinEntered(visit, Pin(b"0000")),
        *(on.KeyPressed(visit, key) for key in Key),
        on.PinAccepted(visit),
        *(on.PinRefused(visit, left) for left in range(3)),
        *(on.PinUnanswered(visit, left) for left in range(4)),
        on.ProofMade(visit),
        on.ProofUnavailable(visit),
        *(on.Chosen(visit, number) for number in (1, 2, 5)),
        on.PasscodeEntered(visit, Passcode(b"000000")),
        on.AttendantAdmitted(visit, visit),
        on.AttendantRefused(visit, Reason.PASSCODE_REFUSED),
        *(on.HolderAccepted(visit, questions) for questions in _QUESTIONS),
        on.RegistrationOffered(visit),
        on.CardSame(visit),
        on.CardDiffers(visit),
        on.QualificationCame(visit, Reason.QUALIFIED, notices=()),
        on.QualificationCame(visit, Reason.QUALIFICATION_ENDED, notices=(Reason.CERTIFICATE_EXPIRES_SOON,)),
        on.ReportFailed(visit, Reason.OUTBOX_FAULT),
        *(on.TimeUp(visit, timer) for timer in Timer),
    )


def steps(policy: Policy) -> Iterator[tuple[State, Event, State, tuple[Effect, ...]]]:
    """Yield every reachable (state, event, next state, effects), breadth first, so in a stable order."""
    seen: set[State] = {Idle()}
    queue: deque[State] = deque(seen)
    while queue:
        state = queue.popleft()
        for event in events():
            after, effects = step(state, event, policy)
            yield state, event, after, effects
            if after not in seen:
                seen.add(after)
                queue.append(after)
