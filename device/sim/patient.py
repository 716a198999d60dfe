"""Patients with one sense: one only hears the unit, the other only sees its lamps. Each knows what they want.

The one who hears understands sentences; the one who sees compares rhythms. Neither knows anything else of the unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.panel.cues import levels
from device.panel.lamps import LAMPS
from device.panel.patterns import PATTERNS, TICK_S
from device.reception.questions import CONSENT_BY_CARD, RULES, Topic
from device.wire import phrases
from device.wire.reasons import entry
from device.wire.texts import Text

LIFT = "lift"
"""Take the card: the visit is over."""
LIFT_FOR_YES = "lift for yes"
"""Lift the card as an answer."""
PLACE = "place"
"""Put the card back. Every other deed is keys."""

WATCHED_TICKS = 30
"""Three seconds: twice the longest rhythm of a question."""

_YES = MappingProxyType(dict.fromkeys(Topic, "#") | {Topic.PRESCRIPTION: "1", Topic.ATTENDANT: ""})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants, as keys."""

    pin: str = field(default="1234", repr=False)
    """Empty for somebody who knows none, or cannot type."""
    answers: Mapping[Topic, str] = field(default_factory=lambda: _YES)
    by_card: str = "#"
    """The answer to the question of consent where the card may give it: a key or `LIFT_FOR_YES`."""

    @property
    def pin_keys(self) -> str:
        """What they press when they are asked for the PIN."""
        return self.pin and self.pin + "#"


@dataclass(slots=True)
class Listener:
    """Somebody who sees nothing: acts on the last request of what is said."""

    wishes: Wishes
    language: str = "ja"

    def deed(self, said: str) -> str | None:
        """Return what to do after this was said; None: wait."""
        found: list[tuple[int, str]] = []
        for topic, rule in RULES.items():
            found += self._at(phrases.phrasebook().phrases[rule.phrase], said, self.wishes.answers[topic])
        consent_by_card = phrases.phrasebook().phrases[CONSENT_BY_CARD.phrase]
        place_again = phrases.phrasebook().phrases[Phrase.PLACE_AGAIN]
        nothing = phrases.phrasebook().phrases[Phrase.READ_BACK_NOTHING]
        found += self._at(consent_by_card, said, self.wishes.by_card)
        found += self._at(place_again, said, PLACE)
        found += self._at(nothing, said, self.wishes.answers[Topic.READ_BACK])
        for asks_for_pin in (phrases.phrasebook().phrases[Phrase.ENTER_PIN], entry(Reason.PIN_WRONG).patient):
            found += self._at(asks_for_pin, said, self.wishes.pin_keys)
        for over in (phrases.phrasebook().phrases[Phrase.TAKE_CARD], entry(Reason.CARD_LEFT_BEHIND).patient):
            found += self._at(over, said, LIFT)
        return max(found)[1] if found else None

    def _at(self, text: Text, said: str, deed: str) -> list[tuple[int, str]]:
        line = text.ja if self.language == "ja" else text.en
        heard = re.search(".+?".join(re.escape(part) for part in re.split(r"\{\w+\}", line)), said)
        return [(heard.end(), deed)] if heard else []


@dataclass(slots=True)
class Watcher:
    """Somebody who hears nothing: acts on a rhythm of lamps that was seen for long enough."""

    wishes: Wishes

    def deed(self, seen: Sequence[Mapping[str, bool]]) -> str | None:
        """Return what to do after these levels, one per tick, were seen; None: wait."""
        cue = recognised(seen)
        for topic, rule in RULES.items():
            if cue is rule.cue:
                return self.wishes.answers[topic]
        match cue:
            case CONSENT_BY_CARD.cue:
                return self.wishes.by_card
            case Cue.PLACE_AGAIN:
                return PLACE
            case Cue.KEYS:
                return self.wishes.pin_keys
            case Cue.SUCCESS | Cue.STAFF | Cue.TAKE_CARD | Cue.CARD_LEFT:
                return LIFT
            case _:
                return None


def recognised(seen: Sequence[Mapping[str, bool]]) -> Cue | None:
    """Return the only cue whose lamps look like this, whatever moment of its rhythm they were caught at."""
    if len(seen) < WATCHED_TICKS:
        return None
    watched = [tuple(moment.get(lamp, False) for lamp in LAMPS) for moment in seen[-WATCHED_TICKS:]]
    found = [cue for cue in Cue if any(_lamps(cue, shift) == watched for shift in range(_rounds(cue)))]
    return found[0] if len(found) == 1 else None


def _rounds(cue: Cue) -> int:
    return max(len(rhythm.levels) for rhythm in PATTERNS[cue].values())


@cache
def _lamps(cue: Cue, shift: int) -> list[tuple[bool, ...]]:
    shown = (levels(cue, (tick + shift) * TICK_S) for tick in range(WATCHED_TICKS))
    return [tuple(moment[lamp] for lamp in LAMPS) for moment in shown]
