"""Sentences in every language that the unit speaks, kept in TOML files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from string import Formatter
from typing import Annotated, TypeVar

import msgspec

from device.domain.errors import BadConfig

LANGUAGES = ("ja", "en")

Line = Annotated[str, msgspec.Meta(min_length=1)]
T = TypeVar("T")


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sentence, or a few, in every language. May hold values in braces: `あと{tries_left}回`."""

    ja: Line
    en: Line

    def __post_init__(self) -> None:
        """Refuse a text whose languages do not take the same values (ValueError)."""
        if values_of(self.ja) != values_of(self.en):
            raise ValueError("the languages do not take the same values in braces")

    def say(self, language: str, **values: object) -> str:
        """Return the text in `language` with its values filled in; values that it does not take are ignored.

        Raise ValueError for a language that is not one of `LANGUAGES`, KeyError for a value that is missing or None.
        """
        if language not in LANGUAGES:
            raise ValueError(f"no text in {language!r}; there is {', '.join(LANGUAGES)}")
        line: str = getattr(self, language)
        return line.format_map({name: value for name, value in values.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with its values filled in: what has to be said, before anybody knows in which language."""

    text: Text
    values: Mapping[str, object] = field(default_factory=dict)

    def say(self, language: str) -> str:
        """Return it in `language`. Raise as `Text.say` does."""
        return self.text.say(language, **self.values)

    def __str__(self) -> str:
        """As logs and the command line have it: in English."""
        return self.say("en")


def joined(sentences: Iterable[str], language: str) -> str:
    """Return sentences as one text, as the language writes them: Japanese puts no space between them."""
    return ("" if language == "ja" else " ").join(sentences)


def values_of(line: str) -> frozenset[str]:
    """Return the names in braces. Raise ValueError for anything but a plain name between them."""
    names = set()
    for _, name, form, conversion in Formatter().parse(line):
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError("braces hold a plain name and nothing else")
        names.add(name)
    return frozenset(names)


def read_file(name: str) -> str:
    """Return a text file of this package, also where it is installed as a zip."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def parse_file(text: str, *, source: str, tables: Iterable[str]) -> Mapping[str, Mapping[str, object]]:
    """Return the TOML file's tables, which must be exactly `tables`. Raise BadConfig naming `source`."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(str(error), where=source) from error
    expected = set(tables)
    if unlike := expected ^ found.keys():
        raise BadConfig(f"tables are {', '.join(sorted(expected))}; see to {min(unlike)!r}", where=source)
    for name, table in found.items():
        if not isinstance(table, dict):
            raise BadConfig("not a table", where=f"{source}: [{name}]")
    return found


def parse_entries(
    entries: Mapping[str, object], kind: type[T], *, source: str, table: str, names: Iterable[str]
) -> dict[str, T]:
    """Return one `kind` for each of `names`. Raise BadConfig naming the entry and the field that is not right."""
    expected = set(names)
    where = f"{source}: [{table}"
    if missing := expected - entries.keys():
        raise BadConfig("this entry is missing", where=f"{where}.{min(missing)}]")
    if unknown := entries.keys() - expected:
        raise BadConfig("nothing has this name", where=f"{where}.{min(unknown)}]")
    parsed = {}
    for name, raw in entries.items():
        try:
            parsed[name] = msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            raise BadConfig(str(error), where=f"{where}.{name}]") from error
    return parsed
