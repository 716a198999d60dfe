"""What the unit says on the way through a visit; the sentences stand in `phrases.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from device.domain.prompts import Cue, Phrase
from device.domain.values import ConsentItem
from device.wire.texts import Text, joined, parse_entries, parse_file, read_file

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


def say_in_breaths(phrase: Phrase, language: str, **values: object) -> tuple[str, ...]:
    """Return the same as `say` in portions that are spoken one after the other: a list takes a breath after each item.

    So every item is recorded once per place that it can have, and not once for every list it can be in.
    `device.wire.texts.joined` puts the portions together again.
    """
    whole, items = say(phrase, language, **values), values.get("items")
    template: str = getattr(phrasebook().phrases[phrase], language)
    if "{items}" not in template or not isinstance(items, (tuple, list)):
        return (whole,)
    before, _, after = template.partition("{items}")
    *earlier, last = _listed(items, language)
    return tuple(part for part in (before.strip(), *earlier, last + after) if part)


def consent_item_name(item: ConsentItem, language: str) -> str:
    """Return what `item` is called. Raise ValueError for an unknown language."""
    return phrasebook().consent_items[item].say(language)


def cue_name(cue: Cue, language: str) -> str:
    """Return what the cue means, in few words. Raise ValueError for an unknown language."""
    return phrasebook().cues[cue].say(language)


def _spoken(value: object, language: str) -> object:
    if not isinstance(value, (tuple, list)):
        return value
    return joined(_listed(value, language), language) or None


def _listed(items: Sequence[ConsentItem], language: str) -> list[str]:
    """Name each item with what stands between it and the next one."""
    names = [consent_item_name(item, language) for item in items]
    if language == "ja":
        return [*(f"{name}、" for name in names[:-1]), *names[-1:]]
    if len(names) < 2:  # noqa: PLR2004  a list of one
        return names
    return [*(f"{name}," for name in names[:-2]), names[-2], f"and {names[-1]}"]
