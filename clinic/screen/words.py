"""What the screen says, in both languages."""

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
def words() -> dict[str, Text]:
    """Return every word of the screen by its key. Raise BadConfig when the file is not right."""
    try:
        document = tomllib.loads((resources.files(__package__) / _FILE).read_text(encoding="utf-8"))
        return msgspec.convert(document["words"], dict[str, Text])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError) as error:
        raise BadConfig(f"the words of the screen: {error}", where=_FILE) from error


def say(key: str, language: str, **values: object) -> str:
    """Return a word of the screen. Raise KeyError for one that is not there."""
    return words()[key].say(language, **values)


def language_of(cookies: Mapping[str, str]) -> str:
    """Return the language that the browser was set to; Japanese otherwise."""
    chosen = cookies.get("language", "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]
