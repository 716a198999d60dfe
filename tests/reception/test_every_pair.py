"""Properties of the whole machine: every reachable state, every kind of event."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import cast, get_args

import pytest

from device.domain.prompts import STEERING, Cue, Phrase
from device.domain.reasons import FACE_HINTS, Reason
from device.domain.secrets import Pin
from device.domain.values import Assurance, CardKind, ConsentItem, Method, PinUse, ReceptionId
from device.reception import Idle, Policy, Settled, State, step
from device.reception import effects as do
from device.reception import events as on
from device.reception.events import Timer
from device.reception.explore import VISIT, events, steps
from device.reception.questions import RULES, Answers, Topic
from device.reception.states import (
    Active,
    Asking,
    AskingPin,
    CheckingPin,
    CountingTries,
    Matching,
    Moving,
    Proving,
    Returning,
    Visit,
)
from device.wire.phrases import say

POLICIES = [
    Policy(),
    Policy(face_available=False),
    Policy(accept_face_only=True),
    Policy(face_tries=1),
    Policy(consent_by_card=True, read_back=True),
    Policy(moves=2, more_time=1),
]
EVERYTHING = [(policy, *found) for policy in POLICIES for found in steps(policy)]

STANDING = list(dict.fromkeys((policy, state) for policy, state, *_ in EVERYTHING))
"""Every state that can be stood in, by policy."""


def _is_active(state: State) -> bool:
    return isinstance(state, get_args(Active))


def without_voice(state: State) -> State:
    """What was said last decides nothing but what is said next."""
    return Matching(state.visit) if isinstance(state, Matching) else state


def test_every_kind_of_event_is_tried() -> None:
    assert {type(event) for event in events()} == set(get_args(on.Event))


def test_every_state_is_reached() -> None:
    assert {type(state) for _, state, *_ in EVERYTHING} == set(get_args(State))


def test_every_kind_of_effect_is_used() -> None:
    assert {type(effect) for *_, effects in EVERYTHING for effect in effects} == set(get_args(do.Effect))


def test_every_event_matters_somewhere() -> None:
    changing = {type(event) for _, state, event, after, effects in EVERYTHING if after != state or effects}
    assert changing == set(get_args(on.Event))


def test_every_way_out_reports_releases_the_card_and_forgets_the_visitor_last() -> None:
    for _, state, event, after, effects in EVERYTHING:
        if _is_active(state) and isinstance(after, Settled):
            kinds = [type(effect) for effect in effects]
            assert kinds[0] is do.StopWork, (state, event)
            assert kinds.index(do.Report) < kinds.index(do.Say), "kept before anybody is told"
            assert do.ReleaseCard in kinds
            assert kinds[-1] is do.ForgetVisitor, (state, event)


def test_a_new_card_in_mid_visit_forgets_the_first_visitor_before_it_meets_the_second() -> None:
    newcomer = ReceptionId("f" * 32)
    for policy, state in STANDING:
        after, effects = step(state, on.CardPresented(newcomer), policy)
        kinds = [type(effect) for effect in effects]
        assert _is_active(after)
        if isinstance(state, Returning) and state.newcomer is None:
            assert do.CompareCard in kinds, "a card that was lifted may come back; nothing else is done"
            assert do.MeetVisitor not in kinds
        elif _is_active(state):
            assert kinds.index(do.ForgetVisitor) < kinds.index(do.MeetVisitor) < kinds.index(do.ReadCard)


def test_no_state_lasts_for_ever_and_none_is_silent_for_more_than_eight_seconds() -> None:
    for _, state, _event, after, effects in EVERYTHING:
        started = {effect.timer: effect.seconds for effect in effects if isinstance(effect, do.StartTimer)}
        if _is_active(after) and type(after) is not type(state):
            assert Timer.STEP in started
            assert started[Timer.PATIENCE] <= 8
        if isinstance(after, Settled) and not isinstance(state, Settled):
            assert Timer.REMOVAL in started


def test_every_bound_leads_on() -> None:
    for policy, state in STANDING:
        if _is_active(state):
            after, effects = step(state, on.TimeUp(VISIT, Timer.STEP), policy)
            again = any(isinstance(effect, do.MatchFace | do.WatchMove) for effect in effects)
            next_question = isinstance(after, Asking) and isinstance(state, Asking) and after.question != state.question
            assert type(after) is not type(state) or again or next_question
            spoken, effects = step(state, on.TimeUp(VISIT, Timer.PATIENCE), policy)
            assert without_voice(spoken) == without_voice(state)
            assert any(isinstance(effect, do.Say) for effect in effects)


def test_what_belongs_to_another_visit_changes_nothing() -> None:
    another = ReceptionId("e" * 32)
    for policy, state in STANDING:
        for event in events(another):
            if not isinstance(event, on.CardPresented):
                assert step(state, event, policy) == (state, ())


def test_nobody_is_verified_without_evidence() -> None:
    """A qualification is asked for only after the service accepted a proof, and a proof follows a match or a PIN.

    A phone that makes sure of its holder itself is the exception, and its proof says so.
    """
    for _, state, event, after, effects in EVERYTHING:
        kinds = {type(effect) for effect in effects}
        if do.Prove in kinds and isinstance(event, on.CardRead | on.ChallengeCame):
            assert do.Prove(Assurance.PHONE_SIGNATURE) in effects
            assert isinstance(after, Proving)
            assert after.visit.card is not None
            assert after.visit.card.pin is PinUse.PHONE
        elif do.Prove in kinds:
            assert isinstance(event, on.FaceMatched | on.MoveSeen | on.PinAccepted)
            assert do.Prove(Assurance.PHONE_SIGNATURE) not in effects
        if do.AskQualification in kinds:
            assert isinstance(event, on.HolderAccepted) or isinstance(state, Asking | Returning)
        for effect in effects:
            if isinstance(effect, do.Report) and effect.assurance is not None:
                assert type(state).__name__ in {"Asking", "Returning", "AwaitingHolder", "AwaitingQualification"}


def test_the_lamps_show_success_only_for_an_answer_of_the_service() -> None:
    for _, _state, event, _after, effects in EVERYTHING:
        if do.ShowCue(Cue.SUCCESS) in effects:
            assert isinstance(event, on.QualificationCame)
            assert event.reason is Reason.QUALIFIED


def test_a_pin_goes_to_the_card_exactly_once_for_each_entry() -> None:
    for _, _state, event, _after, effects in EVERYTHING:
        sent = [effect for effect in effects if isinstance(effect, do.VerifyPin)]
        assert len(sent) <= 1
        if sent:
            assert isinstance(event, on.PinEntered)
            assert sent[0].pin is event.pin


def test_the_last_try_is_never_asked_for_without_an_explicit_yes() -> None:
    for _, state, event, after, _effects in EVERYTHING:
        if type(after).__name__ == "AskingPin" and getattr(after, "tries_left", None) == 1 and after != state:
            assert isinstance(state, Asking)
            assert state.question.topic is Topic.LAST_TRY
            assert isinstance(event, on.KeyPressed)


def test_a_pin_is_asked_for_only_where_the_card_takes_one() -> None:
    for _, _state, _event, after, effects in EVERYTHING:
        last_try = isinstance(after, Asking) and after.question.topic is Topic.LAST_TRY
        if last_try or isinstance(after, CountingTries | AskingPin | CheckingPin):
            assert isinstance(after, Active)
            assert after.visit.card is not None
            assert after.visit.card.pin is PinUse.UNIT
        for effect in effects:
            if isinstance(effect, do.Report) and effect.card is CardKind.PINLESS:
                assert effect.reason is not Reason.PIN_BLOCKED


def test_a_card_without_pin_leaves_the_face_only_when_all_is_said_and_never_for_the_keypad() -> None:
    for policy, state in STANDING:
        if isinstance(state, Matching) and state.visit.card is not None and state.visit.card.pin is PinUse.NOWHERE:
            after, effects = step(state, on.KeyPressed(VISIT, on.Key.YES), policy)
            assert without_voice(after) == without_voice(state)
            assert any(isinstance(effect, do.Say) for effect in effects)


def test_a_move_that_was_not_asked_for_is_no_evidence() -> None:
    for _, state, event, after, effects in EVERYTHING:
        if isinstance(event, on.MoveSeen) and (after != state or effects):
            assert isinstance(state, Moving)
            assert event.move is state.moves[0]


def test_whoever_cannot_move_has_another_way_within_a_bounded_number_of_deadlines() -> None:
    for policy, state in STANDING:
        if isinstance(state, Moving):
            assert state.extended <= policy.more_time
            after: State = state
            for _ in range(len(state.moves)):
                after, _ = step(after, on.TimeUp(VISIT, Timer.STEP), policy)
            assert isinstance(after, CountingTries | Settled)


def test_a_key_gives_a_moving_visitor_as_much_time_again_until_it_is_enough() -> None:
    for policy, state in STANDING:
        if isinstance(state, Moving):
            after, effects = step(state, on.DigitTyped(VISIT), policy)
            given = do.StartTimer(Timer.STEP, policy.move_s) in effects
            assert given is (state.extended < policy.more_time)
            assert isinstance(after, Moving)
            assert after.moves == state.moves


def test_after_doubt_about_a_face_no_other_look_is_taken_in_the_same_visit() -> None:
    for policy, state, event, after, _ in EVERYTHING:
        if isinstance(state, Moving) and isinstance(event, on.FaceFailed):
            assert isinstance(after, CountingTries | Settled)
            if isinstance(after, CountingTries):
                assert after.visit.faces_tried == policy.face_tries


def test_before_another_pin_is_asked_for_after_lost_contact_the_card_has_told_its_counter() -> None:
    for policy, state in STANDING:
        if isinstance(state, CheckingPin):
            for left, expected in ((0, {"Matching", "Settled"}), (1, {"Asking"}), (2, {"AskingPin"})):
                after, _ = step(state, on.PinUnanswered(VISIT, left), policy)
                assert type(after).__name__ in expected


def test_silence_to_the_question_of_consent_is_no() -> None:
    for _, state, event, _after, effects in EVERYTHING:
        for effect in effects:
            if isinstance(effect, do.AskQualification) and isinstance(event, on.TimeUp):
                assert isinstance(state, Asking)
                assert effect.answers.public_expense is not True or state.question.topic is not Topic.PUBLIC_EXPENSE
                if state.question.topic in {Topic.CONSENT, Topic.READ_BACK}:
                    assert not any(dict(effect.answers.consents)[item] for item in state.question.items)


def test_whoever_is_asked_may_always_have_all_the_time_again() -> None:
    for policy, state in STANDING:
        if isinstance(state, Asking | AskingPin | Matching | Returning):
            after, effects = step(state, on.DigitTyped(VISIT), policy)
            assert after == state
            (time_s,) = [e.seconds for e in effects if isinstance(e, do.StartTimer) and e.timer is Timer.STEP]
            longest = {Asking: policy.consent_s, AskingPin: policy.pin_s, Matching: policy.match_s}
            assert time_s == longest.get(type(state), policy.return_s)


def test_every_hint_to_the_camera_is_shown_on_lamps_of_its_own_and_told_in_words() -> None:
    shown = {}
    for policy, state in STANDING:
        if isinstance(state, Matching):
            for hint in FACE_HINTS | STEERING:
                _, effects = step(replace(state, voice_free=True, hint=None), on.FaceHint(VISIT, hint), policy)
                assert do.Say((do.Utterance(hint),)) in effects
                (shown[hint],) = [effect.cue for effect in effects if isinstance(effect, do.ShowCue)]
    assert len(set(shown.values())) == len(FACE_HINTS | STEERING), "no two hints look alike"
    assert set(shown.values()).isdisjoint({Cue.LOOK, Cue.ATTENTION, Cue.WAIT, Cue.SUCCESS})


def test_a_hint_comes_off_the_lamps_with_the_next_invitation_to_look() -> None:
    for policy, state in STANDING:
        if isinstance(state, Matching):
            _, effects = step(state, on.TimeUp(VISIT, Timer.PATIENCE), policy)
            assert do.ShowCue(Cue.LOOK) in effects


def test_every_question_has_its_own_lamps_and_is_asked_in_words_with_the_keys_that_answer_it() -> None:
    assert {rule.cue for rule in RULES.values()} & {Cue.KEYS, Cue.WAIT, Cue.LOOK} == set()
    assert len({rule.cue for rule in RULES.values()}) == len(RULES) == len(Topic)
    for topic, rule in RULES.items():
        english = say(rule.phrase, "en", items=(ConsentItem.MEDICATION,))
        if rule.yes_is_an_answer:
            assert "hash" in english, topic
        for number in range(1, rule.choices + 1):
            assert str(number) in english, topic


def test_an_attendant_confirms_only_after_a_passcode_and_for_this_visit_alone() -> None:
    for _, state, event, after, effects in EVERYTHING:
        if do.AskHolder(Assurance.ATTENDANT) in effects:
            assert isinstance(state, Asking)
            assert state.question.topic is Topic.ATTENDANT
            assert isinstance(event, on.Chosen)
        entering = isinstance(after, Asking) and after.question.topic is Topic.ATTENDANT and after != state
        if entering:
            admitted = getattr(getattr(state, "visit", None), "admitted", False)
            assert isinstance(event, on.AttendantAdmitted) or admitted
        if (
            isinstance(after, Active)
            and after.visit.admitted
            and not (isinstance(state, Active) and state.visit.admitted)
        ):
            assert isinstance(event, on.AttendantAdmitted)
        if isinstance(event, on.CardPresented) and isinstance(after, Active):
            assert isinstance(after, Returning) or not (after.visit.admitted or after.visit.attendant)


def test_in_an_emergency_nobody_is_asked_and_nothing_is_agreed_to() -> None:
    seen = 0
    for *_, effects in EVERYTHING:
        for effect in effects:
            if isinstance(effect, do.AskQualification) and effect.emergency:
                seen += 1
                assert effect.answers == Answers()
    assert seen


def test_a_lifted_card_is_a_yes_only_once_the_same_card_is_back() -> None:
    for _, state, event, after, effects in EVERYTHING:
        if isinstance(state, Returning) and not isinstance(after, Returning):
            agreed = [e for e in effects if isinstance(e, do.AskQualification) and e.answers.agreed]
            went_on = agreed or (isinstance(after, Asking) and after.visit.answers.agreed)
            assert bool(went_on) is isinstance(event, on.CardSame)


def test_no_state_holds_a_secret() -> None:
    for _, state in STANDING:
        held = dataclasses.astuple(state)
        assert not any(isinstance(value, Pin) for value in held)


def test_idle_is_left_only_by_a_card() -> None:
    for event in events():
        after, _ = step(Idle(), event, Policy())
        assert isinstance(after, Idle) is not isinstance(event, on.CardPresented)


def test_the_number_of_tries_is_always_announced() -> None:
    for *_, effects in EVERYTHING:
        for effect in effects:
            if isinstance(effect, do.Say):
                for line in effect.lines:
                    if line.line in {Phrase.ENTER_PIN, Reason.PIN_WRONG}:
                        assert line.tries_left in {1, 2, 3}


def test_a_state_that_nobody_thought_about_stops_the_program_instead_of_a_visit_going_astray() -> None:
    class Stranger:
        visit = Visit(VISIT, Method.FACE)

    with pytest.raises(AssertionError, match="unreachable"):
        step(cast("State", Stranger()), on.FaceMatched(VISIT), Policy())
