"""The rules of a visit. Everything that decides about visitors is in this file.

How to read it: one function per state, one line per event that means something there. Three rules hold in every state:

1.  An event of another visit is dropped: one patient's late face score can never admit the next.
2.  A card that leaves ends the visit, a card that comes begins one; star cancels wherever it does not mean "no".
    (Where the clinic takes the card for an answer, one that is lifted at that question may come back.)
3.  Whatever else arrives in a state that does not ask for it is late - a worker finished what nobody waits for
    any more - and changes nothing.

The ways from state to state, with the effects on them, are in `ways`; questions and their answers in `asking`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.domain.values import Assurance, Method
from device.reception import asking, ways
from device.reception import effects as do
from device.reception import events as on
from device.reception import states as at
from device.reception.basics import (
    Step,
    ask,
    bounds,
    may_answer_by_card,
    reassure,
    repeat,
    say,
    settle,
    show,
    spoken,
    takes_pin,
)
from device.reception.effects import Say, ShowCue, StartTimer
from device.reception.events import Event, Key, Timer
from device.reception.policy import Policy
from device.reception.questions import RULES, Question, Topic
from device.reception.states import Active, State


def step(state: State, event: Event, policy: Policy) -> Step:  # noqa: C901  one line per rule
    """Return the next state and what the world shall do, in order. Total: every pair has an answer."""
    if policy.closed is not None and isinstance(event, on.CardPresented | on.PasscodeEntered | on.AttendantAdmitted):
        # Neither visitor nor attendant; a visit that had begun goes on to its end.
        newcomer = event.reception if isinstance(event, on.CardPresented) else None
        return ways.turn_away(state, newcomer, policy.closed, policy)
    if isinstance(event, on.CardPresented):
        if isinstance(state, at.Returning) and state.newcomer is None:
            return replace(state, newcomer=event.reception), (do.CompareCard(), *bounds(policy.card_s, policy))
        return ways.present(state, event.reception, policy)
    if isinstance(state, at.Idle):
        return state, ()
    current = state.reception if isinstance(state, at.Settled) else state.visit.reception
    if event.reception != current:
        return state, ()
    match event:  # an attendant may come at any moment
        case on.PasscodeEntered(passcode=passcode):
            return state, (do.CheckPasscode(passcode),)
        case on.AttendantAdmitted(fresh=fresh):
            return asking.admit(state, fresh, policy)
        case on.AttendantRefused(reason=reason):
            return state, (say(reason), StartTimer(Timer.PATIENCE, policy.patience_s))
        case _:
            pass
    if isinstance(state, at.Settled):
        return _settled(state, event, policy)
    if isinstance(event, on.CardRemoved):
        if isinstance(state, at.Asking) and may_answer_by_card(state, policy):
            return asking.lift(state, policy)
        return settle(state.visit, Reason.CARD_REMOVED, policy, card_present=False)
    return _active(state, event, policy)


def _active(state: Active, event: Event, policy: Policy) -> Step:  # noqa: C901  one line per state
    match state:
        case at.Reading():
            return _reading(state, event, policy)
        case at.Matching():
            return _matching(state, event, policy)
        case at.Moving():
            return _moving(state, event, policy)
        case at.CountingTries():
            return _counting_tries(state, event, policy)
        case at.AskingPin():
            return _asking_pin(state, event, policy)
        case at.CheckingPin():
            return _checking_pin(state, event, policy)
        case at.Proving():
            return _proving(state, event, policy)
        case at.AwaitingHolder():
            return _awaiting_holder(state, event, policy)
        case at.Asking():
            return _asking(state, event, policy)
        case at.Returning():
            return _returning(state, event, policy)
        case at.AwaitingQualification():
            return _awaiting_qualification(state, event, policy)
        case _:
            assert_never(state)


# --- one function per state ------------------------------------------------------------------------------------------


def _reading(state: at.Reading, event: Event, policy: Policy) -> Step:
    visit = state.visit
    match event:
        case on.CardRead(facts=facts):
            return ways.verify_when_ready(replace(visit, card=facts), policy)
        case on.ChallengeCame():
            return ways.verify_when_ready(replace(visit, challenged=True), policy)
        case on.CardFailed(reason=reason) | on.AskFailed(reason=reason):
            return settle(visit, reason, policy)
        case on.KeyPressed(key=Key.YES):
            return at.Reading(replace(visit, method=Method.PIN)), ()
        case on.KeyPressed(key=Key.NO):
            return settle(visit, Reason.CANCELLED, policy)
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, reassure(policy)
        case on.TimeUp(timer=Timer.STEP):
            return settle(visit, Reason.SERVICE_UNREACHABLE if visit.card else Reason.CARD_UNREADABLE, policy)
        case _:
            return state, ()


def _matching(state: at.Matching, event: Event, policy: Policy) -> Step:  # noqa: C901  one line per event
    visit = state.visit
    match event:
        case on.FaceMatched():
            return ways.prove(visit, Assurance.FACE_INSTITUTION, policy)
        case on.MovesWanted(moves=moves):
            return ways.want_moves(visit, moves, policy)
        case on.FaceHint(hint=hint):
            return ways.hint(state, hint, policy)
        case on.FaceFailed(reason=reason):
            return ways.face_failed(visit, reason, policy, state.hint)
        case on.CardFailed(reason=reason):
            return settle(visit, reason, policy)
        case on.KeyPressed(key=Key.YES) if takes_pin(visit):
            after, effects = ways.count_tries(visit, policy)
            return after, (do.StopMatching(), *effects)
        case on.KeyPressed(key=Key.YES) | on.TimeUp(timer=Timer.PATIENCE):
            return ways.invite_again(state, policy)
        case on.KeyPressed(key=Key.NO):
            return settle(visit, Reason.CANCELLED, policy)
        case on.TimeUp(timer=Timer.HINT):
            return replace(state, voice_free=True), ()
        case on.DigitTyped():
            return state, bounds(policy.match_s, policy)
        case on.TimeUp(timer=Timer.STEP):
            after, effects = ways.face_failed(visit, Reason.FACE_NOT_FOUND, policy, state.hint)
            # An ending stops all work by itself, before anything else.
            return after, effects if isinstance(after, at.Settled) else (do.StopMatching(), *effects)
        case _:
            return state, ()


def _moving(state: at.Moving, event: Event, policy: Policy) -> Step:
    visit = state.visit
    match event:
        case on.MoveSeen(move=move) if move is state.moves[0]:
            return ways.move_seen(state, policy)
        case on.MoveMistaken(move=move) if move is state.moves[0]:
            return ways.another_move(state, policy)
        case on.FaceFailed(reason=reason):
            return ways.face_given_up(visit, reason, policy)
        case on.KeyPressed(key=Key.YES) if takes_pin(visit):
            after, effects = ways.count_tries(visit, policy)
            return after, (do.StopMatching(), *effects)
        case on.KeyPressed(key=Key.YES) | on.TimeUp(timer=Timer.STEP):
            return ways.another_move(state, policy)
        case on.KeyPressed(key=Key.NO):
            return settle(visit, Reason.CANCELLED, policy)
        case on.DigitTyped() if state.extended < policy.more_time:
            more = replace(state, extended=state.extended + 1)
            return more, (say(ways.MOVE_PHRASES[state.moves[0]]), *bounds(policy.move_s, policy))
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, repeat(policy, ways.MOVE_PHRASES[state.moves[0]], Phrase.MOVE_HELP)
        case _:
            return state, ()


def _counting_tries(state: at.CountingTries, event: Event, policy: Policy) -> Step:
    visit = state.visit
    match event:
        case on.TriesCounted(tries_left=left):
            return ways.ask_again(visit, left, policy, state.why)
        case on.KeyPressed(key=Key.NO):
            return settle(visit, Reason.CANCELLED, policy)
        case _:
            return _awaiting_card(state, event, policy)


def _asking_pin(state: at.AskingPin, event: Event, policy: Policy) -> Step:
    match event:
        case on.PinEntered(pin=pin):
            return ways.check_pin(state.visit, pin, policy)
        case on.DigitTyped():
            return state, bounds(policy.pin_s, policy)
        case on.KeyPressed(key=Key.YES):  # too few digits
            again = repeat(policy, Phrase.ENTER_PIN, tries_left=state.tries_left)
            return state, (*again, StartTimer(Timer.STEP, policy.pin_s))
        case on.KeyPressed(key=Key.NO):
            return settle(state.visit, Reason.CANCELLED, policy)
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, repeat(policy, Phrase.ENTER_PIN, Phrase.FIND_KEYS, tries_left=state.tries_left)
        case on.TimeUp(timer=Timer.STEP):
            return settle(state.visit, Reason.TIMED_OUT, policy)
        case _:
            return state, ()


def _checking_pin(state: at.CheckingPin, event: Event, policy: Policy) -> Step:
    visit = state.visit
    match event:
        case on.PinAccepted():
            return ways.prove(visit, Assurance.PIN_SIGNATURE, policy)
        case on.PinRefused(tries_left=0):
            return ways.pin_blocked(visit, policy)
        case on.PinRefused(tries_left=1):
            return ways.ask_again(visit, 1, policy, None)
        case on.PinRefused(tries_left=left):
            return ways.ask_pin(visit, left, policy, Reason.PIN_WRONG)
        case on.PinUnanswered(tries_left=left):
            return ways.ask_again(visit, left, policy, Reason.PIN_UNANSWERED)
        case _:
            return _awaiting_card(state, event, policy)


def _proving(state: at.Proving, event: Event, policy: Policy) -> Step:
    match event:
        case on.ProofMade():
            return ways.await_holder(state.visit, state.assurance, policy)
        case on.ProofUnavailable() if policy.accept_face_only:
            return ways.await_holder(state.visit, Assurance.FACE_ONLY, policy)
        case on.ProofUnavailable() if not takes_pin(state.visit):
            return settle(state.visit, Reason.CARD_WITHOUT_PIN, policy)
        case on.ProofUnavailable():
            return ways.count_tries(state.visit, policy, Reason.INSTITUTION_CREDENTIAL_MISSING)
        case _:
            return _awaiting_card(state, event, policy)


def _awaiting_holder(state: at.AwaitingHolder, event: Event, policy: Policy) -> Step:
    # The assurance counts from here on: until the service accepted the proof, nobody was verified. What led there no
    # longer matters.
    visit = state.visit
    verified = at.Visit(
        visit.reception,
        visit.method,
        visit.card,
        challenged=True,
        assurance=state.assurance,
        attendant=visit.attendant,
    )
    match event:
        case on.HolderAccepted(questions=questions):
            return asking.begin(verified, questions, policy)
        case on.RegistrationOffered():
            return ask(at.Asking(verified, Question(Topic.REGISTRATION)), policy)
        case _:
            return _awaiting_service(state, event, policy)


def _asking(state: at.Asking, event: Event, policy: Policy) -> Step:
    match event:
        case on.KeyPressed(key=Key.YES) if not RULES[state.question.topic].yes_is_an_answer:
            return asking.ask_again(state, policy)
        case on.KeyPressed(key=key):
            return asking.answer_yes_or_no(state, policy, yes=key is Key.YES)
        case on.Chosen(number=number) if number <= RULES[state.question.topic].choices:
            return asking.choose(state, number, policy)
        case on.DigitTyped():
            return asking.ask_again(state, policy)
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, (Say((spoken(state, policy),)), StartTimer(Timer.PATIENCE, policy.patience_s))
        case on.TimeUp(timer=Timer.STEP):
            return asking.stay_silent(state, policy)
        case _:
            return state, ()


def _returning(state: at.Returning, event: Event, policy: Policy) -> Step:
    match event:
        case on.CardSame():
            return asking.answer_yes_or_no(state.asking, policy, yes=True)
        case on.CardDiffers() | on.CardFailed():
            return asking.card_differs(state, policy)
        case on.KeyPressed(key=Key.NO):
            return settle(state.visit, Reason.CANCELLED, policy, card_present=state.newcomer is not None)
        case on.DigitTyped():
            return state, bounds(policy.return_s, policy)
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, repeat(policy, Phrase.PLACE_AGAIN)
        case on.TimeUp(timer=Timer.STEP) if state.newcomer is not None:
            return asking.card_differs(state, policy)
        case on.TimeUp(timer=Timer.STEP):
            return settle(state.visit, Reason.CARD_REMOVED, policy, card_present=False)
        case _:
            return state, ()


def _awaiting_qualification(state: at.AwaitingQualification, event: Event, policy: Policy) -> Step:
    match event:
        case on.QualificationCame(reason=reason, notices=notices):
            return settle(state.visit, reason, policy, notices=notices)
        case _:
            return _awaiting_service(state, event, policy)


def _settled(state: at.Settled, event: Event, policy: Policy) -> Step:
    match event:
        case on.CardRemoved() if state.card_present:
            return at.Idle(), (do.StopWork(), ShowCue(Cue.IDLE))
        case on.TimeUp(timer=Timer.REMOVAL) if state.card_present:
            return state, (*show(Reason.CARD_LEFT_BEHIND), StartTimer(Timer.REMOVAL, policy.removal_s))
        case on.TimeUp(timer=Timer.REMOVAL):
            return at.Idle(), (ShowCue(Cue.IDLE),)
        case on.ReportFailed(reason=reason):
            return state, show(reason)
        case _:
            return state, ()


# --- what several states share ---------------------------------------------------------------------------------------


def _awaiting_card(state: at.CountingTries | at.CheckingPin | at.Proving, event: Event, policy: Policy) -> Step:
    match event:
        case on.CardFailed(reason=reason):
            return settle(state.visit, reason, policy)
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, reassure(policy)
        case on.TimeUp(timer=Timer.STEP):
            return settle(state.visit, Reason.CARD_UNREADABLE, policy)
        case _:
            return state, ()


def _awaiting_service(state: at.AwaitingHolder | at.AwaitingQualification, event: Event, policy: Policy) -> Step:
    match event:
        case on.AskFailed(reason=reason):
            return settle(state.visit, reason, policy)
        case on.TimeUp(timer=Timer.PATIENCE):
            return state, reassure(policy)
        case on.TimeUp(timer=Timer.STEP):
            return settle(state.visit, Reason.SERVICE_UNREACHABLE, policy)
        case _:
            return state, ()
