"""What the unit says on the way through a visit; the sentences stand in `phrases.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from device.domain.prompts import Cue, Phrase
from device.domain.values import ConsentItem
from device.wire.texts import Text, parse_entries, parse_file, read_file

_FILE = "phrases.toml"


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """Every phrase, the names of what phrases ask about, and what cues mean in few words."""

    phrases: Mapping[Phrase, Text]
    consent_items: Mapping[ConsentItem, Text]
    cues: Mapping[Cue, Text]


def parse(text: str, *, source: str = _FILE) -> Phrasebook:
    """Build the phrasebook from TOML. Raise BadConfig naming the entry and the field that is not right."""
    tables = parse_file(text, source=source, tables=("phrases", "consent_items", "cues"))
    phrases = parse_entries(tables["phrases"], Text, source=source, table="phrases", names=Phrase)
    items = parse_entries(tables["consent_items"], Text, source=source, table="consent_items", names=ConsentItem)
    cues = parse_entries(tables["cues"], Text, source=source, table="cues", names=Cue)
    return Phrasebook(
        {Phrase(name): words for name, words in phrases.items()},
        {ConsentItem(name): words for name, words in items.items()},
        {Cue(name): words for name, words in cues.items()},
    )


@cache
def phrasebook() -> Phrasebook:
    """Return the phrasebook that came with the program."""
    return parse(read_file(_FILE))


def say(phrase: Phrase, language: str, **values: object) -> str:
    """Return what is said for `phrase`; values it does not take are ignored.

    `tries_left` is a number, `items` one or more `ConsentItem`s (tuple or list) in the order in which they are named.
    Raise ValueError for an unknown language, KeyError for a value that is missing, None or empty.
    """
    spoken = {name: _spoken(value, language) for name, value in values.items()}
    return phrasebook().phrases[phrase].say(language, **spoken)


def consent_item_name(item: ConsentItem, language: str) -> str:
    """Return what `item` is called. Raise ValueError for an unknown language."""
    return phrasebook().consent_items[item].say(language)


def cue_name(cue: Cue, language: str) -> str:
    """Return what the cue means, in few words. Raise ValueError for an unknown language."""
    return phrasebook().cues[cue].say(language)


def _spoken(value: object, language: str) -> object:
    if not isinstance(value, (tuple, list)):
        return value
    names = [consent_item_name(item, language) for item in value]
    if language == "en" and len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return "、".join(names) or None
