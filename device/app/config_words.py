"""What can be said of options: type and bounds from the schema, meaning from the example, value from the file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from device.app.config import EXAMPLE, Config, load
from device.domain.errors import BadConfig
from device.wire.settings import read_toml

Value = Any
"""As in JSON."""
HIDDEN = "…"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of one section."""

    key: str
    """`section.option`."""
    takes: str
    default: Value
    """None where there is none."""
    required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Setting:
    """An option as a file has it."""

    key: str
    value: Value
    written: bool
    """It stands in the file; otherwise it is the default."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration (draft 2020-12)."""
    return msgspec.json.schema(Config, schema_hook=_schema_of)


def options() -> list[Option]:
    """Return every option in the order of the example."""
    document = schema()
    meanings = dict(_meanings())
    found = []
    for section in msgspec.structs.fields(Config):
        shapes = _resolved(document, document["$defs"][Config.__name__]["properties"][section.name])["properties"]
        for one in msgspec.structs.fields(section.type):
            key = f"{section.name}.{one.name}"
            default = one.default_factory() if callable(one.default_factory) else one.default
            found.append(
                Option(
                    key=key,
                    takes=_takes(document, shapes[one.name]),
                    default=None if one.required else msgspec.to_builtins(default, enc_hook=str),
                    required=one.required,
                    meaning=meanings.get(key, ""),
                )
            )
    return found


def option(key: str) -> Option:
    """Return one option by `section.option` or by its name alone. Raise BadConfig with what there is."""
    known = options()
    found = [one for one in known if key in {one.key, one.key.partition(".")[2]}]
    if len(found) != 1:
        near = ", ".join(one.key for one in (found or known) if found or key.partition(".")[0] in one.key)
        raise BadConfig(
            f"no single option of this name; there are {near or ', '.join(_.key for _ in known)}", where=key
        )
    return found[0]


def settings(path: Path) -> list[Setting]:
    """Return what a file comes to, defaults included; secrets are hidden. Raise BadConfig as `load` does."""
    return [Setting(one.key, hidden(one.key, one.value), one.written) for one in _settings(path)]


def difference(before: Path, after: Path) -> list[tuple[str, Value, Value]]:
    """Return the options that are not alike, as key, value before, value after; secrets are hidden."""
    old = {one.key: one.value for one in _settings(before)}
    return [
        (one.key, hidden(one.key, old[one.key]), hidden(one.key, one.value))
        for one in _settings(after)
        if old[one.key] != one.value
    ]


def hidden(key: str, value: Value) -> Value:
    """Return what may be shown of a value: the hash of six digits can be guessed by trying them all."""
    return dict.fromkeys(value, HIDDEN) if key == "attendants.passcodes" and isinstance(value, dict) else value


def _settings(path: Path) -> list[Setting]:
    config = msgspec.to_builtins(load(path), enc_hook=str)
    written = read_toml(path, "the configuration")
    return [
        Setting(f"{section}.{name}", value, _is_written(written, section, name))
        for section, values in config.items()
        for name, value in values.items()
    ]


def _is_written(document: dict[str, object], section: str, name: str) -> bool:
    there = document.get(section)
    return isinstance(there, dict) and name in there


def _schema_of(kind: type) -> dict[str, Any]:
    """Answer msgspec for a type that it does not know; NotImplementedError is its word for "nor do I"."""
    if kind is Path:
        return {"type": "string", "minLength": 1, "description": "a path, relative to the file"}
    raise NotImplementedError(kind)


def _resolved(document: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    for one in (shape, *shape.get("anyOf", ()), *shape.get("allOf", ())):
        if "$ref" in one:
            found: dict[str, Any] = document["$defs"][one["$ref"].rpartition("/")[2]]
            return found
    return shape


def _takes(document: dict[str, Any], shape: dict[str, Any]) -> str:
    shape = {**shape, **_resolved(document, shape)}
    if "enum" in shape:
        return "one of " + ", ".join(map(str, shape["enum"]))
    if "properties" in shape:
        return "a table with " + ", ".join(shape["properties"])
    if "items" in shape:
        return "a list: " + _takes(document, shape["items"])
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
    said = shape.get("description") or words.get(shape.get("type", ""), "a value")
    bounds = [
        f"{word} {shape[name]}"
        for name, word in (
            ("exclusiveMinimum", "above"),
            ("minimum", "from"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
            ("pattern", "like"),
        )
        if name in shape
    ]
    return ", ".join([said, *bounds])


def _meanings() -> Iterator[tuple[str, str]]:
    """Read the comments of the example: behind an option, and on the lines that continue them."""
    section, key, words = "", "", ""
    for line in EXAMPLE.splitlines():
        if header := re.match(r"\[([\w.]+)\]", line):
            yield key, words
            section, key, words = header[1], "", ""
        elif named := re.match(r"(?:# )?(\w+) = (.*)", line):
            yield key, words
            key, words = f"{section}.{named[1]}", _comment(named[2])
        elif key and (more := re.match(r"\s{4,}# (.*)", line)):
            words += f" {more[1]}"
    yield key, words


def _comment(rest: str) -> str:
    """Return what stands behind the value; a # inside it is no comment."""
    for place in (match.start() for match in re.finditer("#", rest)):
        try:
            tomllib.loads(f"x = {rest[:place]}")
        except tomllib.TOMLDecodeError:
            continue
        return rest[place + 1 :].strip()
    return ""
