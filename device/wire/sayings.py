"""Every sentence that a unit may ever speak, so that each can be recorded before the first visitor comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from types import MappingProxyType

from device.domain.values import ConsentItem
from device.wire.phrases import phrasebook, say_in_breaths
from device.wire.reasons import catalogue
from device.wire.texts import LANGUAGES, Text, values_of

_ITEMS = tuple(ConsentItem)

VALUES: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        # The PIN's counter starts at 3 on every card that is known; a phone's or a later card's may be higher.
        "tries_left": tuple(range(1, 6)),
        # As the gateway asks: any of them, in the order of their codes' list.
        "items": tuple(chosen for count in range(1, len(_ITEMS) + 1) for chosen in combinations(_ITEMS, count)),
    }
)
"""What each value in braces can be."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One sentence, a few that belong together, or a part of one, as the voice is given it."""

    language: str
    text: str


def sayings() -> Iterator[Saying]:
    """Yield every sentence in every language once. Raise KeyError for a value in braces that `VALUES` does not list."""
    seen = set[Saying]()
    for language in LANGUAGES:
        for text in _texts(language):
            saying = Saying(language, text)
            if saying not in seen:
                seen.add(saying)
                yield saying


def _texts(language: str) -> Iterator[str]:
    book = phrasebook()
    for phrase, text in book.phrases.items():
        for values in _choices(text):
            yield from say_in_breaths(phrase, language, **values)
    for entry in catalogue().reasons.values():
        yield from (entry.patient.say(language, **values) for values in _choices(entry.patient))


def _choices(text: Text) -> Iterator[dict[str, object]]:
    names = sorted(values_of(text.ja))
    return (dict(zip(names, chosen, strict=True)) for chosen in product(*(VALUES[name] for name in names)))
