"""The ways from state to state: each returns where the visit stands next and what the world does on the way.

Whatever the way out, `settle` is the only door, and its last effect forgets the visitor.
"""

from __future__ import annotations

from dataclasses import replace

from device.domain.prompts import STEERING, Cue, Phrase
from device.domain.reasons import FACE_HINTS, Reason
from device.domain.secrets import Pin
from device.domain.values import Assurance, AttendantReason, Method, Move, PinUse, ReceptionId
from device.reception import effects as do
from device.reception import states as at
from device.reception.basics import PHONES, Step, ask, bounds, repeat, say, settle, takes_pin, utter
from device.reception.effects import Effect, Say, ShowCue, StartTimer, Utterance
from device.reception.events import Timer
from device.reception.policy import Policy
from device.reception.questions import Question, Topic
from device.reception.states import State, Visit
from device.wire.reasons import entry

_WORTH_ANOTHER_LOOK = FACE_HINTS | {Reason.FACE_MISMATCH, Reason.FACE_NOT_FOUND}

MOVE_PHRASES = {
    Move.TURN_LEFT: Phrase.TURN_LEFT,
    Move.TURN_RIGHT: Phrase.TURN_RIGHT,
    Move.COME_CLOSER: Phrase.COME_CLOSER,
}
MOVE_CUES = {
    Move.TURN_LEFT: Cue.TURN_LEFT,
    Move.TURN_RIGHT: Cue.TURN_RIGHT,
    Move.COME_CLOSER: Cue.COME_CLOSER,
}


def present(state: State, reception: ReceptionId, policy: Policy, void: Reason = Reason.CARD_REMOVED) -> Step:
    """A card is down: read it and fetch the challenge side by side."""
    closing: tuple[Effect, ...] = ()
    if isinstance(state, at.Settled):
        closing = (do.StopWork(),)
    elif not isinstance(state, at.Idle):
        # Another card without a removal in between: the first one is gone, and with it its visit.
        _, closing = settle(state.visit, void, policy, card_present=False)
    return at.Reading(Visit(reception, policy.first_method)), (
        *closing,
        do.MeetVisitor(reception),
        ShowCue(Cue.READING),
        say(Phrase.READING),
        do.ReadCard(),
        do.AskChallenge(),
        *bounds(policy.read_s, policy),
    )


def turn_away(state: State, newcomer: ReceptionId | None, why: Reason, policy: Policy) -> Step:
    """The unit serves nobody at present: a newcomer's visit ends where it began, and no attendant (None) opens one."""
    if newcomer is None:
        return state, (say(why),)
    closing: tuple[Effect, ...] = ()
    if not isinstance(state, (at.Settled, at.Idle)):
        _, closing = settle(state.visit, Reason.CARD_REMOVED, policy, card_present=False)
    after, ending = settle(Visit(newcomer, policy.first_method), why, policy)
    return after, (*closing, do.MeetVisitor(newcomer), *ending)


def verify_when_ready(visit: Visit, policy: Policy) -> Step:
    """Card and challenge come in any order; with both, the visitor's turn begins."""
    if visit.card is None:
        return at.Reading(visit), ()
    if not visit.challenged:
        return at.Reading(visit), (do.PreparePortrait(),) if _goes_by_face(visit, policy) else ()
    if visit.admitted and (asked := ask_attendant(visit, policy)):
        return asked
    if visit.card.pin is PinUse.PHONE:
        return prove(visit, Assurance.PHONE_SIGNATURE, policy)
    if _goes_by_face(visit, policy):
        return _match(replace(visit, method=Method.FACE), policy, Phrase.LOOK_AT_CAMERA)
    return count_tries(visit, policy)


def face_failed(visit: Visit, reason: Reason, policy: Policy, hint: Reason | Phrase | None) -> Step:
    """Look again where that may help, else go on with the PIN.

    Who was told last to go to one side is told that again: it helps more than that no face was found.
    """
    tried = replace(visit, faces_tried=visit.faces_tried + 1)
    if reason in _WORTH_ANOTHER_LOOK and _face_is_possible(tried, policy):
        line = hint if hint in STEERING and reason is Reason.FACE_NOT_FOUND else reason
        return _match(tried, policy, line, Phrase.LOOK_AT_CAMERA)
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
        ShowCue(MOVE_CUES[move]),
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


def cue_of(hint: Reason | Phrase) -> Cue:
    """Return what lamps show of one of `FACE_HINTS` or `STEERING`."""
    return entry(hint).cue if isinstance(hint, Reason) else Cue(hint)


def hint(state: at.Matching, what: Reason | Phrase, policy: Policy) -> Step:
    """Tell and show the visitor what would help, once the voice is free and unless that was the last thing said."""
    if not state.voice_free or what is state.hint:
        return state, ()
    return replace(state, voice_free=False, hint=what), (
        ShowCue(cue_of(what)),
        say(what),
        StartTimer(Timer.HINT, policy.hint_gap_s),
        StartTimer(Timer.PATIENCE, policy.patience_s),
    )


def invite_again(state: at.Matching, policy: Policy) -> Step:
    """Say the invitation once more; afterwards every hint is news again."""
    return replace(state, voice_free=False, hint=None), (
        ShowCue(Cue.LOOK),
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
        ShowCue(Cue.WAIT if why is None else Cue.ATTENTION if why in FACE_HINTS else entry(why).cue),
        do.CountTries(),
        *bounds(policy.card_s, policy),
    )


def ask_pin(visit: Visit, tries_left: int, policy: Policy, line: Phrase | Reason, why: Reason | None = None) -> Step:
    """The visitor types; `line` tells how many tries are left."""
    return at.AskingPin(visit, tries_left), (
        do.OpenPinEntry(),  # before anybody is asked: the first digit may come at once
        ShowCue(Cue.KEYS),
        Say((*utter(why), Utterance(line, tries_left=tries_left))),
        *bounds(policy.pin_s, policy),
    )


def ask_again(visit: Visit, tries_left: int, policy: Policy, why: Reason | None) -> Step:
    """The card has told its counter: go on as far as that allows, after saying `why`."""
    match tries_left:
        case 0:
            return pin_blocked(visit, policy, why)
        case 1:
            return ask(at.Asking(visit, Question(Topic.LAST_TRY)), policy, why)
        case _:
            return ask_pin(visit, tries_left, policy, Phrase.ENTER_PIN, why)


def check_pin(visit: Visit, pin: Pin, policy: Policy) -> Step:
    """One entry, one VERIFY."""
    return at.CheckingPin(visit), (do.VerifyPin(pin), ShowCue(Cue.WAIT), *bounds(policy.card_s, policy))


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


def await_registration(visit: Visit, policy: Policy) -> Step:
    """The service registers the card, and then knows its holder."""
    assert visit.assurance is not None, "registration is offered after a proof"  # noqa: S101  tells the type checker
    return at.AwaitingHolder(visit, visit.assurance), (
        do.AskRegistration(),
        ShowCue(Cue.WAIT),
        say(Phrase.PLEASE_WAIT),
        *bounds(policy.answer_s, policy),
    )


def await_qualification(visit: Visit, policy: Policy) -> Step:
    """The service answers the whole question."""
    return at.AwaitingQualification(visit), (
        do.AskQualification(visit.answers, emergency=visit.attendant is AttendantReason.EMERGENCY),
        ShowCue(Cue.WAIT),
        *bounds(policy.answer_s, policy),
    )


def _goes_by_face(visit: Visit, policy: Policy) -> bool:
    by_choice = visit.method is Method.FACE and not visit.admitted
    return (by_choice or not takes_pin(visit)) and _face_is_possible(visit, policy)


def _face_is_possible(visit: Visit, policy: Policy) -> bool:
    has_portrait = visit.card is not None and visit.card.has_surface
    return policy.face_available and has_portrait and visit.faces_tried < policy.face_tries


def _match(visit: Visit, policy: Policy, *lines: Phrase | Reason) -> Step:
    helps = [cue_of(line) for line in lines if line in FACE_HINTS | STEERING]
    return at.Matching(visit), (
        ShowCue(helps[0] if helps else Cue.LOOK),
        say(*lines),
        do.MatchFace(),
        StartTimer(Timer.HINT, policy.first_hint_s),
        *bounds(policy.match_s, policy),
    )


def ask_attendant(visit: Visit, policy: Policy) -> Step | None:
    """Ask the attendant about this visitor; None for a card that cannot be looked at."""
    if visit.card is None or visit.card.kind in PHONES:
        return None
    after, effects = ask(at.Asking(replace(visit, admitted=False), Question(Topic.ATTENDANT)), policy)
    return after, (do.StopMatching(), *effects)
