"""What a face in front of the camera is told, and how often."""

from __future__ import annotations

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.reception import Policy, State, step
from device.reception import effects as do
from device.reception import events as on
from device.reception.events import Timer
from device.reception.explore import VISIT, steps
from device.reception.states import (
    Matching,
)


def _matching() -> Matching:
    return next(state for state, *_ in steps(Policy()) if isinstance(state, Matching) and not state.voice_free)


def _spoken(effects: tuple[do.Effect, ...]) -> list[Phrase | Reason]:
    return [line.line for effect in effects if isinstance(effect, do.Say) for line in effect.lines]


def test_a_hint_waits_until_the_invitation_was_said_and_then_until_the_last_hint_was() -> None:
    far, dark = on.FaceHint(VISIT, Reason.FACE_TOO_FAR), on.FaceHint(VISIT, Reason.FACE_TOO_DARK)
    quiet = on.TimeUp(VISIT, Timer.HINT)
    state: State = _matching()
    assert step(state, far, Policy()) == (state, ())

    state, _ = step(state, quiet, Policy())
    state, effects = step(state, far, Policy())
    assert _spoken(effects) == [Reason.FACE_TOO_FAR]
    assert do.StartTimer(Timer.HINT, Policy().hint_gap_s) in effects
    assert step(state, dark, Policy()) == (state, ())

    state, _ = step(state, quiet, Policy())
    assert step(state, far, Policy()) == (state, ()), "said already"
    _, effects = step(state, dark, Policy())
    assert _spoken(effects) == [Reason.FACE_TOO_DARK]


def test_after_the_invitation_was_repeated_the_same_hint_is_news_again() -> None:
    far, quiet = on.FaceHint(VISIT, Reason.FACE_TOO_FAR), on.TimeUp(VISIT, Timer.HINT)
    state: State = _matching()
    for event in (quiet, far, on.TimeUp(VISIT, Timer.PATIENCE), quiet):
        state, _ = step(state, event, Policy())

    _, effects = step(state, far, Policy())
    assert _spoken(effects) == [Reason.FACE_TOO_FAR]


def test_hints_are_never_said_more_often_than_every_two_seconds() -> None:
    for state, event, _after, effects in steps(Policy()):
        if isinstance(event, on.FaceHint) and effects:
            assert isinstance(state, Matching)
            assert do.StartTimer(Timer.HINT, 2.0) in effects
