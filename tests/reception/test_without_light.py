"""Whoever sees no lamp hears what they say: no cue that wants something comes without words."""

from __future__ import annotations

from device.domain.prompts import Cue
from device.reception import Policy
from device.reception.effects import Say, ShowCue
from device.reception.explore import steps
from device.reception.states import CountingTries

WANTS_NOTHING = {Cue.IDLE, Cue.WAIT}


def test_every_cue_that_wants_something_comes_with_its_words() -> None:
    spoken = set()
    for _, _, after, effects in steps(Policy()):
        # The card counts its tries in a blink; the words are kept for the question that follows at once.
        if isinstance(after, CountingTries):
            continue
        cues = {effect.cue for effect in effects if isinstance(effect, ShowCue)} - WANTS_NOTHING
        if any(isinstance(effect, Say) for effect in effects):
            spoken |= cues
        else:
            assert not cues
    assert spoken >= {Cue.READING, Cue.LOOK, Cue.KEYS, Cue.ASK, Cue.STAFF, Cue.SUCCESS}
