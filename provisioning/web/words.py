"""What pages say, in both languages: the words that all of them need, and those of one kind of page."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec

from device.domain.errors import BadConfig
from device.wire.texts import LANGUAGES, Text

_FILE = "words.toml"


@cache
def read_words(package: str) -> dict[str, Text]:
    """Return every word in the `words.toml` of a package by its key. Raise BadConfig when the file is not right."""
    try:
        document = tomllib.loads((resources.files(package) / _FILE).read_text(encoding="utf-8"))
        return msgspec.convert(document["words"], dict[str, Text])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError) as error:
        raise BadConfig(f"the words of a page: {error}", where=f"{package}: {_FILE}") from error


class Words:
    """What one kind of page says."""

    def __init__(self, package: str) -> None:
        """Take the words of a package, beside those of all pages."""
        self._words = {**read_words(__package__ or ""), **read_words(package)}

    def __contains__(self, key: str) -> bool:
        """Tell whether there is such a word."""
        return key in self._words

    def say(self, key: str, language: str, **values: object) -> str:
        """Return a word. Raise KeyError for one that is not there."""
        return self._words[key].say(language, **values)


def language_of(cookies: Mapping[str, str]) -> str:
    """Return the language that the browser was set to; Japanese otherwise."""
    chosen = cookies.get("language", "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]
