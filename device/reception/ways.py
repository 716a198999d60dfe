"""The ways from state to state: each returns where the visit stands next and what the world does on the way.

Whatever the way out, `settle` is the only door, and its last effect forgets the visitor.
"""

from __future__ import annotations

from dataclasses import replace

from device.domain.prompts import Cue, Phrase
from device.domain.reasons import FACE_HINTS, Reason
from device.domain.secrets import Pin
from device.domain.values import Assurance, ConsentItem, Method, Move, PinUse, ReceptionId
from device.reception import effects as do
from device.reception import states as at
from device.reception.effects import Effect, Say, ShowCue, StartTimer, Utterance
from device.reception.events import Timer
from device.reception.policy import Policy
from device.reception.states import State, Visit
from device.wire.reasons import entry

Step = tuple[State, tuple[Effect, ...]]

_WORTH_ANOTHER_LOOK = FACE_HINTS | {Reason.FACE_MISMATCH, Reason.FACE_NOT_FOUND}

MOVE_PHRASES = {
    Move.TURN_LEFT: Phrase.TURN_LEFT,
    Move.TURN_RIGHT: Phrase.TURN_RIGHT,
    Move.COME_CLOSER: Phrase.COME_CLOSER,
}


def present(state: State, reception: ReceptionId, policy: Policy) -> Step:
    """A card is down: read it and fetch the challenge side by side."""
    closing: tuple[Effect, ...] = ()
    if isinstance(state, at.Settled):
        closing = (do.StopWork(),)
    elif not isinstance(state, at.Idle):
        # Another card without a removal in between: the first one is gone, and with it its visit.
        _, closing = settle(state.visit, Reason.CARD_REMOVED, policy, card_present=False)
    return at.Reading(Visit(reception, policy.first_method)), (
        *closing,
        do.MeetVisitor(reception),
        ShowCue(Cue.READING),
        say(Phrase.READING),
        do.ReadCard(),
        do.AskChallenge(),
        *bounds(policy.read_s, policy),
    )


def verify_when_ready(visit: Visit, policy: Policy) -> Step:
    """Card and challenge come in any order; with both, the visitor's turn begins."""
    if visit.card is None or not visit.challenged:
        return at.Reading(visit), ()
    if visit.card.pin is PinUse.PHONE:
        return prove(visit, Assurance.PHONE_SIGNATURE, policy)
    if (visit.method is Method.FACE or not takes_pin(visit)) and _face_is_possible(visit, policy):
        return _match(replace(visit, method=Method.FACE), policy, Phrase.LOOK_AT_CAMERA)
    return count_tries(visit, policy)


def face_failed(visit: Visit, reason: Reason, policy: Policy) -> Step:
    """Look again where that may help, else go on with the PIN."""
    tried = replace(visit, faces_tried=visit.faces_tried + 1)
    if reason in _WORTH_ANOTHER_LOOK and _face_is_possible(tried, policy):
        return _match(tried, policy, reason, Phrase.LOOK_AT_CAMERA)
    return face_given_up(tried, reason, policy)


def face_given_up(visit: Visit, reason: Reason, policy: Policy) -> Step:
    """No further look in this visit: whoever was not believed once does not get to try until it works."""
    return count_tries(replace(visit, faces_tried=policy.face_tries), policy, reason)


def want_moves(visit: Visit, moves: tuple[Move, ...], policy: Policy) -> Step:
    """The face matched, and that counts once the visitor has moved; with too few moves to ask for it cannot."""
    if len(moves) < policy.moves:
        return face_given_up(visit, Reason.LIVENESS_UNSURE, policy)
    return ask_move(at.Moving(visit, moves), policy)


def ask_move(state: at.Moving, policy: Policy, *before: Phrase) -> Step:
    """Ask for the first move that is left, after saying `before`."""
    move = state.moves[0]
    return state, (
        ShowCue(Cue.LOOK),
        say(*before, MOVE_PHRASES[move]),
        do.WatchMove(move),
        *bounds(policy.move_s, policy),
    )


def move_seen(state: at.Moving, policy: Policy) -> Step:
    """Enough moves show that somebody is there; until then the next one is asked for."""
    seen = state.seen + 1
    if seen >= policy.moves:
        return prove(state.visit, Assurance.FACE_INSTITUTION, policy)
    return ask_move(at.Moving(state.visit, state.moves[1:], seen), policy)


def another_move(state: at.Moving, policy: Policy) -> Step:
    """Not everybody can make every move: another one takes its place, while enough of them are left."""
    left = state.moves[1:]
    if state.seen + len(left) >= policy.moves:
        return ask_move(at.Moving(state.visit, left, state.seen), policy, Phrase.ANOTHER_MOVE)
    after, effects = face_given_up(state.visit, Reason.MOVE_NOT_SEEN, policy)
    return after, effects if isinstance(after, at.Settled) else (do.StopMatching(), *effects)


def hint(state: at.Matching, reason: Reason, policy: Policy) -> Step:
    """Tell the visitor what would help, once the voice is free and unless that was the last thing said."""
    if not state.voice_free or reason is state.hint:
        return state, ()
    return replace(state, voice_free=False, hint=reason), (
        say(reason),
        StartTimer(Timer.HINT, policy.hint_gap_s),
        StartTimer(Timer.PATIENCE, policy.patience_s),
    )


def invite_again(state: at.Matching, policy: Policy) -> Step:
    """Say the invitation once more; afterwards every hint is news again."""
    return replace(state, voice_free=False, hint=None), (
        *repeat(policy, Phrase.LOOK_AT_CAMERA),
        StartTimer(Timer.HINT, policy.first_hint_s),
    )


def count_tries(visit: Visit, policy: Policy, why: Reason | None = None) -> Step:
    """Towards the PIN: the card's own counter is asked before anybody types. A card without PIN leads to the desk.

    The card answers faster than anybody speaks, so `why` waits for the question: said alone it would be cut off.
    """
    if not takes_pin(visit):
        return settle(visit, Reason.CARD_WITHOUT_PIN, policy, why=why)
    return at.CountingTries(replace(visit, method=Method.PIN), why), (
        ShowCue(entry(why).cue if why else Cue.WAIT),
        do.CountTries(),
        *bounds(policy.card_s, policy),
    )


def ask_pin(visit: Visit, tries_left: int, policy: Policy, line: Phrase | Reason, why: Reason | None = None) -> Step:
    """The visitor types; `line` tells how many tries are left."""
    return at.AskingPin(visit, tries_left), (
        ShowCue(Cue.KEYS),
        Say((*_utter(why), Utterance(line, tries_left=tries_left))),
        do.OpenPinEntry(),
        *bounds(policy.pin_s, policy),
    )


def ask_again(visit: Visit, tries_left: int, policy: Policy, why: Reason | None) -> Step:
    """The card has told its counter: go on as far as that allows, after saying `why`."""
    match tries_left:
        case 0:
            return pin_blocked(visit, policy, why)
        case 1:
            return warn_of_last_try(visit, policy, why)
        case _:
            return ask_pin(visit, tries_left, policy, Phrase.ENTER_PIN, why)


def check_pin(visit: Visit, pin: Pin, policy: Policy) -> Step:
    """One entry, one VERIFY."""
    return at.CheckingPin(visit), (do.VerifyPin(pin), ShowCue(Cue.WAIT), *bounds(policy.card_s, policy))


def warn_of_last_try(visit: Visit, policy: Policy, why: Reason | None = None) -> Step:
    """The last try is never spent without an explicit yes."""
    question = Say((*_utter(why), Utterance(Phrase.LAST_TRY)))
    return at.WarningLastTry(visit), (ShowCue(Cue.ASK), question, *bounds(policy.pin_s, policy))


def pin_blocked(visit: Visit, policy: Policy, why: Reason | None = None) -> Step:
    """A blocked PIN leaves the face as a way on (facts: qualification.md, section 3)."""
    if _face_is_possible(visit, policy):
        return _match(replace(visit, method=Method.FACE), policy, Reason.PIN_BLOCKED, Phrase.LOOK_AT_CAMERA)
    return settle(visit, Reason.PIN_BLOCKED, policy, why=why)


def prove(visit: Visit, assurance: Assurance, policy: Policy) -> Step:
    """Verified here; now the card signs, so that the service need not take our word for it."""
    return at.Proving(visit, assurance), (
        do.Prove(assurance),
        ShowCue(Cue.WAIT),
        say(Phrase.CHECKING),
        *bounds(policy.card_s, policy),
    )


def await_holder(visit: Visit, assurance: Assurance, policy: Policy) -> Step:
    """The service looks at the proof."""
    return at.AwaitingHolder(visit, assurance), (do.AskHolder(assurance), *bounds(policy.answer_s, policy))


def ask_consent(visit: Visit, items: tuple[ConsentItem, ...], policy: Policy) -> Step:
    """All items in one question (包括同意)."""
    question = Utterance(Phrase.ASK_CONSENT, items=items)
    return at.AskingConsent(visit, items), (ShowCue(Cue.ASK), Say((question,)), *bounds(policy.consent_s, policy))


def answered(state: at.AskingConsent, *, consent: bool) -> Visit:
    """Return the visit with one answer for every item that was asked."""
    return replace(state.visit, consents=tuple((item, consent) for item in state.items))


def await_qualification(visit: Visit, policy: Policy) -> Step:
    """The service answers the whole question."""
    return at.AwaitingQualification(visit), (
        do.AskQualification(visit.consents),
        ShowCue(Cue.WAIT),
        *bounds(policy.answer_s, policy),
    )


def settle(
    visit: Visit,
    reason: Reason,
    policy: Policy,
    *,
    notices: tuple[Reason, ...] = (),
    why: Reason | None = None,
    card_present: bool = True,
) -> Step:
    """End the visit: the result is kept before anybody is told, and the visitor is forgotten last."""
    take_card = (Phrase.TAKE_CARD,) if card_present else ()
    return at.Settled(visit.reception, reason, card_present), (
        do.StopWork(),
        do.Report(
            reason=reason,
            notices=notices,
            card=visit.card.kind if visit.card else None,
            assurance=visit.assurance,
            consents=visit.consents,
        ),
        do.ReleaseCard(),
        ShowCue(entry(reason).cue),
        Say((*_utter(why), *say(reason, *notices, *take_card).lines)),
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


def _utter(why: Reason | None) -> tuple[Utterance, ...]:
    return () if why is None else (Utterance(why),)


def takes_pin(visit: Visit) -> bool:
    """Tell whether a PIN can be typed for this card."""
    return visit.card is None or visit.card.pin is PinUse.UNIT


def _face_is_possible(visit: Visit, policy: Policy) -> bool:
    has_portrait = visit.card is not None and visit.card.has_surface
    return policy.face_available and has_portrait and visit.faces_tried < policy.face_tries


def _match(visit: Visit, policy: Policy, *lines: Phrase | Reason) -> Step:
    return at.Matching(visit), (
        ShowCue(Cue.LOOK),
        say(*lines),
        do.MatchFace(),
        StartTimer(Timer.HINT, policy.first_hint_s),
        *bounds(policy.match_s, policy),
    )
