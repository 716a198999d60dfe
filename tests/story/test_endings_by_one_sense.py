"""Every ending, as somebody perceives it who sees nothing, and as somebody who hears nothing."""

from __future__ import annotations

import pytest

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import Method, ReceptionId
from device.panel.cues import levels
from device.panel.patterns import TICK_S
from device.reception import Policy, step
from device.reception.basics import settle
from device.reception.effects import Effect, Say, ShowCue
from device.reception.events import Timer, TimeUp
from device.reception.states import Visit
from device.sim.patient import LIFT, WATCHED_TICKS, Listener, Watcher, Wishes
from device.wire import phrases
from device.wire.reasons import Role, entry

RECEPTION = ReceptionId("0" * 32)


@pytest.mark.parametrize("reason", [reason for reason in Reason if entry(reason).role is Role.ENDING])
def test_whatever_ends_the_visit_one_sense_is_enough_to_take_the_card(reason: Reason) -> None:
    """Where the lamps say that something was not right, the call after the card says what to do."""
    settled, ending = settle(Visit(RECEPTION, Method.FACE), reason, Policy())
    _, call = step(settled, TimeUp(RECEPTION, Timer.REMOVAL), Policy())
    assert Listener(Wishes()).deed(words(ending)) == LIFT
    assert LIFT in {Watcher(Wishes()).deed(lamps(effects)) for effects in (ending, call)}


def words(effects: tuple[Effect, ...]) -> str:
    """Return everything that is said."""
    lines = [line.line for effect in effects if isinstance(effect, Say) for line in effect.lines]
    return "".join(
        phrases.say(line, "ja") if isinstance(line, Phrase) else entry(line).patient.say("ja") for line in lines
    )


def lamps(effects: tuple[Effect, ...]) -> list[dict[str, bool]]:
    """Return the last cue as it is seen."""
    cue = [effect.cue for effect in effects if isinstance(effect, ShowCue)][-1]
    return [levels(cue, tick * TICK_S) for tick in range(WATCHED_TICKS)]
