"""A cue and the time since it began, to levels of lamps and buzzer. What cues look like stands in `patterns`."""

from __future__ import annotations

from device.domain.prompts import Cue
from device.panel.lamps import LAMPS
from device.panel.patterns import PATTERNS, TICK_S, Rhythm

BUZZER = "buzzer"
INDICATORS = (*LAMPS, BUZZER)

CLICK_AFTER_S = 0.02
CLICK_S = 0.05
"""The click of an accepted key: the same tone and length after the same delay for every key, so it tells no digit."""

_CLICK_CHANGES_S = (CLICK_AFTER_S, CLICK_AFTER_S + CLICK_S)
_DARK = Rhythm(".")


def levels(cue: Cue, elapsed_s: float, *, since_key_s: float | None = None, quiet: bool = False) -> dict[str, bool]:
    """Return the level of every lamp and the buzzer, `elapsed_s` after the cue began.

    `since_key_s` is the time since a key was accepted (None: none was): its click is heard over any cue.
    Where it is to be `quiet`, the buzzer keeps to clicks, which a hand that sees nothing needs, and to the call for a
    forgotten card.
    """
    tick = _tick(elapsed_s)
    shown = {name: PATTERNS[cue].get(name, _DARK).at(tick) for name in INDICATORS}
    if quiet and cue is not Cue.CARD_LEFT:
        shown[BUZZER] = False
    if since_key_s is not None and 0 <= since_key_s - CLICK_AFTER_S < CLICK_S:
        shown[BUZZER] = True
    return shown


def next_change_s(cue: Cue, elapsed_s: float, *, since_key_s: float | None = None) -> float | None:
    """Return when (in the time of `elapsed_s`) the cue or the click changes next; None when all stays as it is."""
    changes = [elapsed_s - since_key_s + at_s for at_s in _CLICK_CHANGES_S] if since_key_s is not None else []
    coming = [change for change in (_cue_change_s(cue, elapsed_s), *changes) if change is not None]
    return min((change for change in coming if change > elapsed_s), default=None)


def _cue_change_s(cue: Cue, elapsed_s: float) -> float | None:
    tick = _tick(elapsed_s)
    moving = [rhythm for rhythm in PATTERNS[cue].values() if not rhythm.constant_from(tick)]
    if not moving:
        return None
    # One round of the longest rhythm holds a change of it, counting the fall to silence at the end of a single round.
    later = range(tick + 1, tick + 1 + max(len(rhythm.levels) for rhythm in moving))
    change = next(at for at in later if any(rhythm.at(at) != rhythm.at(at - 1) for rhythm in moving))
    return change * TICK_S


def _tick(elapsed_s: float) -> int:
    # Whoever wakes up exactly at a change must not land before it by a rounding error.
    return max(0, int(elapsed_s / TICK_S + 1e-6))
