"""What every way through a visit uses: words, bounds, questions, and the one door out."""

from __future__ import annotations

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import CardKind, ConsentItem, PinUse
from device.reception import effects as do
from device.reception import states as at
from device.reception.effects import Effect, Say, ShowCue, StartTimer, Utterance
from device.reception.events import Timer
from device.reception.policy import Policy
from device.reception.questions import CONSENT_BY_CARD, RULES, Rule, Topic
from device.reception.states import State, Visit
from device.wire.reasons import entry

Step = tuple[State, tuple[Effect, ...]]

PHONES = frozenset({CardKind.ANDROID, CardKind.IPHONE})
"""They show no photo to an attendant, and not which phone they are to a unit that compares."""


def settle(
    visit: Visit,
    reason: Reason,
    policy: Policy,
    *,
    notices: tuple[Reason, ...] = (),
    why: Reason | None = None,
    card_present: bool = True,
) -> Step:
    """End the visit: the result is kept before anybody is told, and the visitor is forgotten last.

    What the unit knows of the certificate's end is told too, once the visitor's proof was accepted: the service may
    not have answered, or not have said so.
    """
    if visit.assurance and visit.card and visit.card.notice and visit.card.notice not in notices:
        notices = (*notices, visit.card.notice)
    take_card = (Phrase.TAKE_CARD,) if card_present else ()
    return at.Settled(visit.reception, reason, card_present), (
        do.StopWork(),
        do.Report(
            reason=reason,
            notices=notices,
            card=visit.card.kind if visit.card else None,
            assurance=visit.assurance,
            answers=visit.answers,
            attendant=visit.attendant,
        ),
        do.ReleaseCard(),
        ShowCue(entry(reason).cue),
        Say((*utter(why), *say(reason, *notices, *take_card).lines)),
        StartTimer(Timer.REMOVAL, policy.removal_s),
        do.ForgetVisitor(),
    )


def bounds(seconds: float, policy: Policy) -> tuple[Effect, ...]:
    """No state without a bound, no bound without a word on the way to it."""
    return StartTimer(Timer.STEP, seconds), StartTimer(Timer.PATIENCE, policy.patience_s)


def reassure(policy: Policy) -> tuple[Effect, ...]:
    """Nobody waits in silence."""
    return repeat(policy, Phrase.PLEASE_WAIT)


def repeat(
    policy: Policy,
    question: Phrase,
    *more: Phrase,
    tries_left: int | None = None,
    items: tuple[ConsentItem, ...] = (),
) -> tuple[Effect, ...]:
    """Say it again, and listen for as long again."""
    lines = (Utterance(question, tries_left, items), *say(*more).lines)
    return Say(lines), StartTimer(Timer.PATIENCE, policy.patience_s)


def show(reason: Reason) -> tuple[Effect, ...]:
    """Show and say what the catalogue has for this reason."""
    return ShowCue(entry(reason).cue), say(reason)


def say(*lines: Phrase | Reason) -> Say:
    """Return sentences that take no values."""
    return Say(tuple(Utterance(line) for line in lines))


def utter(why: Reason | None) -> tuple[Utterance, ...]:
    """Return the sentence, if there is one."""
    return () if why is None else (Utterance(why),)


def takes_pin(visit: Visit) -> bool:
    """Tell whether a PIN can be typed for this card."""
    return visit.card is None or visit.card.pin is PinUse.UNIT


def ask(state: at.Asking, policy: Policy, why: Reason | None = None) -> Step:
    """Ask, after saying `why`."""
    rule = _rule(state, policy)
    choice: tuple[Effect, ...] = (do.OpenChoice(rule.choices),) if rule.choices else ()
    return state, (
        ShowCue(rule.cue),
        Say((*utter(why), spoken(state, policy))),
        *choice,
        *bounds(policy.consent_s, policy),
    )


def spoken(state: at.Asking, policy: Policy) -> Utterance:
    """Return the question in words."""
    phrase = _rule(state, policy).phrase
    if phrase is Phrase.READ_BACK and not state.question.items:
        phrase = Phrase.READ_BACK_NOTHING
    return Utterance(phrase, items=state.question.items)


def _rule(state: at.Asking, policy: Policy) -> Rule:
    return CONSENT_BY_CARD if may_answer_by_card(state, policy) else RULES[state.question.topic]


def may_answer_by_card(state: at.Asking, policy: Policy) -> bool:
    """Tell whether lifting the card and placing it again is a yes to this question.

    Only to a blanket question, and only for a card that shows for certain which one it is.
    """
    card, question = state.visit.card, state.question
    only_consent = question.topic is Topic.CONSENT and not any(more.topic is Topic.CONSENT for more in state.later)
    asked_at_once = only_consent and not state.visit.answers.consents
    return policy.consent_by_card and asked_at_once and card is not None and card.kind not in PHONES
