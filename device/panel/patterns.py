"""What every cue looks and sounds like: one rhythm per lamp, ten characters to the second, `x` lit and `.` dark.

Lamps are told apart by position and rhythm, never by colour; no two cues share their lamps. Nothing flashes more than
three times in any second, all lamps together (the limit of WCAG 2.2, 2.3.1, for photosensitive people).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from device.domain.prompts import Cue
from device.panel.lamps import LAMPS

TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Levels, one per tick, over and over, or once and dark (or silent) ever after."""

    levels: str
    repeats: bool = True

    def at(self, tick: int) -> bool:
        """Return the level in the tick that many after the cue began."""
        if not self.repeats and tick >= len(self.levels):
            return False
        return self.levels[tick % len(self.levels)] == "x"

    def constant_from(self, tick: int) -> bool:
        """Whether nothing changes any more after this tick."""
        return tick >= len(self.levels) if not self.repeats else len(set(self.levels)) == 1


_STEADY = Rhythm("x")


def _once(levels: str) -> Rhythm:
    return Rhythm(levels, repeats=False)


# A light that runs over three places, one after the other, and begins again after a pause.
_FIRST, _SECOND, _THIRD = Rhythm("xxxx............"), Rhythm("....xxxx........"), Rhythm("........xxxx....")

_BEATS = Rhythm("xx..xx........")


def _across(*places: str) -> Mapping[str, Rhythm]:
    """Return a light that runs over the whole row, in this order."""
    return {place: Rhythm("...." * number + "xxxx" + "...." * (5 - number)) for number, place in enumerate(places)}


def _all(levels: str) -> Mapping[str, Rhythm]:
    """Return the whole row as one light."""
    return dict.fromkeys(LAMPS, Rhythm(levels))


PATTERNS: Mapping[Cue, Mapping[str, Rhythm]] = MappingProxyType(
    {
        Cue.IDLE: {"ready": _STEADY},
        Cue.READING: {"card": Rhythm("xxxxx.....")},
        Cue.LOOK: {"face": _STEADY},
        # The lamps lie in a row in the order of `LAMPS`, and light runs where the head shall go: from the middle to the
        # left end or to the right one. For "closer" it runs from both ends to the middle.
        Cue.TURN_LEFT: {"face": _FIRST, "card": _SECOND, "ready": _THIRD, "buzzer": _once("x")},
        Cue.TURN_RIGHT: {"face": _FIRST, "keys": _SECOND, "staff": _THIRD, "buzzer": _once("x")},
        Cue.COME_CLOSER: {
            "ready": _FIRST,
            "staff": _FIRST,
            "card": _SECOND,
            "keys": _SECOND,
            "face": _THIRD,
            "buzzer": _once("x"),
        },
        # What would help the camera. For "back" the light runs from the middle to both ends; over the whole row where
        # the visitor, not only the head, shall go; for "higher" and "lower" it rises and sinks like a bar.
        Cue.MOVE_BACK: {"face": _FIRST, "card": _SECOND, "keys": _SECOND, "ready": _THIRD, "staff": _THIRD},
        Cue.MORE_LEFT: _across(*reversed(LAMPS)),
        Cue.MORE_RIGHT: _across(*LAMPS),
        Cue.HIGHER: {
            "face": Rhythm("xxxxxxxxxxxxxxxx...."),
            "card": Rhythm("....xxxxxxxxxxxx...."),
            "keys": Rhythm("....xxxxxxxxxxxx...."),
            "ready": Rhythm("........xxxxxxxx...."),
            "staff": Rhythm("........xxxxxxxx...."),
        },
        Cue.LOWER: {
            "ready": Rhythm("xxxxxxxx............"),
            "staff": Rhythm("xxxxxxxx............"),
            "card": Rhythm("xxxxxxxxxxxx........"),
            "keys": Rhythm("xxxxxxxxxxxx........"),
            "face": Rhythm("xxxxxxxxxxxxxxxx...."),
        },
        # The lamp under the camera calls; it stays and its neighbours beat; all three breathe slowly; all lamps give
        # more light than dark, or more dark than light; the ends of the row beat, and the one in the middle stays.
        Cue.LOOK_AHEAD: {"face": _BEATS},
        Cue.UNCOVER: {"face": _STEADY, "card": _BEATS, "keys": _BEATS},
        Cue.HOLD_STILL: dict.fromkeys(("card", "face", "keys"), Rhythm("xxxxxxxxxx..........")),
        Cue.MORE_LIGHT: _all("xxxxxxxxxxxxxxxx...."),
        Cue.LESS_LIGHT: _all("xxxx................"),
        Cue.ONE_PERSON: {"face": _STEADY, "ready": _BEATS, "staff": _BEATS},
        Cue.KEYS: {"keys": _STEADY},
        # Two beats and a pause, on the lamp beside the keys: a question that the keys answer.
        Cue.ASK: {"keys": _BEATS, "buzzer": _once("x")},
        # The card's lamp beats with it where the card answers as well.
        Cue.ASK_BY_CARD: {"keys": _BEATS, "card": _BEATS, "buzzer": _once("x")},
        # The other questions beat the same way and light a second lamp, or beat thrice: what is asked is told by place.
        Cue.ASK_REGISTRATION: {"keys": _BEATS, "card": _STEADY, "buzzer": _once("x")},
        Cue.ASK_SUBSIDY: {"keys": _BEATS, "ready": _STEADY, "buzzer": _once("x")},
        Cue.ASK_LAST_TRY: {"keys": _BEATS, "staff": _STEADY, "buzzer": _once("xx..xx")},
        Cue.ASK_READ_BACK: {"keys": _BEATS, "face": _STEADY, "buzzer": _once("x")},
        Cue.ASK_PRESCRIPTION: {"keys": Rhythm("xx..xx..xx............"), "buzzer": _once("x")},
        Cue.ASK_STAFF: {"staff": _BEATS, "keys": _STEADY, "buzzer": _once("x")},
        Cue.PLACE_AGAIN: {"card": _BEATS, "keys": _STEADY, "buzzer": _once("x")},
        Cue.WAIT: {"ready": Rhythm("xxxxxxxxxx..........")},
        # Everything but the desk's lamp.
        Cue.SUCCESS: {"ready": _STEADY, "card": _STEADY, "face": _STEADY, "keys": _STEADY, "buzzer": _once("xxxxxx")},
        Cue.ATTENTION: {
            "card": Rhythm("xxx..xxx............"),
            "face": Rhythm("xxx..xxx............"),
            "keys": Rhythm("xxx..xxx............"),
            "buzzer": _once("xx..xx"),
        },
        Cue.STAFF: {"staff": _STEADY, "buzzer": _once("xxx..xxx..xxx")},
        Cue.TAKE_CARD: {"ready": _STEADY, "card": Rhythm("xxx.."), "buzzer": _once("xx")},
        # To and fro between card and desk, and it does not fall silent.
        Cue.CARD_LEFT: {
            "card": Rhythm("xxxxx....."),
            "staff": Rhythm(".....xxxxx"),
            "buzzer": Rhythm("xx..xx.............."),
        },
    }
)
