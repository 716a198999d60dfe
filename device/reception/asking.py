"""How questions are asked, and where each answer leads. What the questions are stands in `questions`."""

from __future__ import annotations

from dataclasses import replace

from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.domain.values import Assurance, AttendantReason, Prescription, ReceptionId
from device.reception import states as at
from device.reception import ways
from device.reception.basics import Step, ask, bounds, say, settle, spoken
from device.reception.effects import Effect, Say, ShowCue, StartTimer
from device.reception.events import Timer
from device.reception.policy import Policy
from device.reception.questions import Answers, Question, Topic
from device.reception.states import Visit


def begin(visit: Visit, questions: tuple[Question, ...], policy: Policy) -> Step:
    """The service knows the holder: ask what the clinic wants to know, or go on at once."""
    if visit.attendant is AttendantReason.EMERGENCY:
        questions = ()  # nobody can answer
    if questions and policy.read_back:
        questions = (*questions, Question(Topic.READ_BACK, again=questions))
    return go_on(visit, questions, policy)


def go_on(visit: Visit, questions: tuple[Question, ...], policy: Policy) -> Step:
    """Ask the first of what is left; after the last the service answers."""
    if not questions:
        return ways.await_qualification(visit, policy)
    question, *later = questions
    if question.topic is Topic.READ_BACK:
        question = replace(question, items=visit.answers.agreed)
    return ask(at.Asking(visit, question, tuple(later)), policy)


def ask_again(state: at.Asking, policy: Policy) -> Step:
    """Say it again, with all the time again."""
    return state, (Say((spoken(state, policy),)), *bounds(policy.consent_s, policy))


def answer_yes_or_no(state: at.Asking, policy: Policy, *, yes: bool) -> Step:  # noqa: C901  one line per topic
    """Hash or star."""
    visit, answers = state.visit, state.visit.answers
    match state.question.topic:
        case Topic.LAST_TRY if yes:
            return ways.ask_pin(visit, 1, policy, Phrase.ENTER_PIN)
        case Topic.LAST_TRY:
            return settle(visit, Reason.PIN_LAST_TRY, policy)
        case Topic.ATTENDANT:
            return settle(visit, Reason.ATTENDANT_DECLINED, policy)
        case Topic.REGISTRATION if yes:
            return ways.await_registration(visit, policy)
        case Topic.REGISTRATION:
            return settle(visit, Reason.NOT_REGISTERED, policy)
        case Topic.CONSENT:
            more = tuple((item, yes) for item in state.question.items)
            return _answered(state, replace(answers, consents=(*answers.consents, *more)), policy)
        case Topic.PUBLIC_EXPENSE:
            return _answered(state, replace(answers, public_expense=yes), policy)
        case Topic.PRESCRIPTION:
            return _answered(state, replace(answers, prescription=Prescription.PAPER), policy)
        case Topic.READ_BACK if yes:
            return go_on(visit, state.later, policy)
        case Topic.READ_BACK:
            once_more = (*state.question.again, state.question)
            return go_on(replace(visit, answers=Answers()), once_more, policy)


def choose(state: at.Asking, number: int, policy: Policy) -> Step:
    """A digit that stands for an answer."""
    match state.question.topic:
        case Topic.PRESCRIPTION:
            chosen = list(Prescription)[number - 1]
            return _answered(state, replace(state.visit.answers, prescription=chosen), policy)
        case Topic.ATTENDANT:
            confirmed = replace(state.visit, attendant=list(AttendantReason)[number - 1])
            after, effects = ways.await_holder(confirmed, Assurance.ATTENDANT, policy)
            return after, (ShowCue(Cue.WAIT), say(Phrase.CHECKING), *effects)
        case _:
            return state, ()


def stay_silent(state: at.Asking, policy: Policy) -> Step:
    """Silence shows the least: it is no, also to what was read back."""
    match state.question.topic:
        case Topic.ATTENDANT:
            # The attendant went away; the next visitor must not find the question open.
            return settle(state.visit, Reason.TIMED_OUT, policy)
        case Topic.READ_BACK:
            answers = state.visit.answers
            nothing = replace(answers, consents=tuple((item, False) for item, _ in answers.consents))
            return go_on(replace(state.visit, answers=nothing), state.later, policy)
        case _:
            return answer_yes_or_no(state, policy, yes=False)


# --- the card that answers -------------------------------------------------------------------------------------------


def lift(state: at.Asking, policy: Policy) -> Step:
    """The card was lifted: it means yes once the same card is back, and nothing before."""
    return at.Returning(state), (
        ShowCue(Cue.PLACE_AGAIN),
        say(Phrase.PLACE_AGAIN),
        StartTimer(Timer.STEP, policy.return_s),
        StartTimer(Timer.PATIENCE, policy.patience_s),
    )


def card_differs(state: at.Returning, policy: Policy) -> Step:
    """Another card: the visit is void, and the other card's begins."""
    if state.newcomer is None:
        return state, ()
    return ways.present(state, state.newcomer, policy, void=Reason.CARD_CHANGED)


# --- the attendant ---------------------------------------------------------------------------------------------------


def admit(state: at.State, fresh: ReceptionId, policy: Policy) -> Step:
    """A passcode was right: ask the attendant, where a card lies that nobody has proven to hold yet.

    Where the visit is over for want of a proof, a new one begins with the card that still lies there.
    """
    match state:
        case at.Settled(card_present=True):
            begun, effects = ways.present(state, fresh, policy)
            assert isinstance(begun, at.Reading)  # noqa: S101  tells the type checker
            return at.Reading(replace(begun.visit, admitted=True)), effects
        case at.Reading(visit=Visit(card=None) as visit):
            return at.Reading(replace(visit, admitted=True)), ()
        case at.Reading() | at.Matching() | at.Moving() | at.CountingTries() | at.AskingPin():
            return ways.ask_attendant(state.visit, policy) or (state, _needs_card(policy))
        case at.Asking(question=Question(topic=Topic.LAST_TRY)):
            return ways.ask_attendant(state.visit, policy) or (state, _needs_card(policy))
        case _:
            return state, _needs_card(policy)


def _needs_card(policy: Policy) -> tuple[Effect, ...]:
    return say(Reason.ATTENDANT_NEEDS_CARD), StartTimer(Timer.PATIENCE, policy.patience_s)


def _answered(state: at.Asking, answers: Answers, policy: Policy) -> Step:
    return go_on(replace(state.visit, answers=answers), state.later, policy)
