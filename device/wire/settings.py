"""Reads a configuration: a TOML file of sections becomes a typed value, and every mistake is named with its place.

Unit and clinic side read theirs the same way, so a technician meets one way of being told.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from types import UnionType
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from device.domain.errors import BadConfig

MAX_BYTES = 262_144

T = TypeVar("T", bound=Struct)


def load_settings(path: Path, kind: type[T], *, beneath: Mapping[str, Mapping[str, object]] | None = None) -> T:
    """Return the configuration in `path` as `kind`, a struct of structs, one for each section.

    What the file does not say is taken from `beneath`, section by section. Fields of type `Path` are taken as relative
    to the file. No other file is opened. Raise BadConfig naming file, section and option.
    """
    document = read_toml(path, "the configuration")
    for section, options in (beneath or {}).items():
        there = document.setdefault(section, {})
        if isinstance(there, dict):
            document[section] = {**options, **there}
    _refuse_unknown(document, kind, path)

    def convert(wanted: type, value: object) -> object:
        if wanted is Path and isinstance(value, str) and value and "\0" not in value:
            return path.parent / value
        raise ValueError("Expected the path of a file")

    try:
        return msgspec.convert(document, kind, dec_hook=convert)
    except msgspec.ValidationError as error:
        message, section, option = _placed(str(error))
        raise BadConfig(message, where=place_of(path, section, option)) from error


def place_of(path: Path, section: str = "", option: str = "") -> str:
    """Return where an option stands, as `file:line: [section] option`; without a line where it is not written down."""
    line = _line_of(path, section, option.partition(".")[0].partition("[")[0])
    parts = [str(path), *([str(line)] if line else []), *([f" [{section}] {option}".rstrip()] if section else [])]
    return ":".join(parts)


def _line_of(path: Path, section: str, option: str) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    here, begins = "", None
    for number, line in enumerate(lines, start=1):
        if header := re.match(r"\s*\[+\s*([\w.-]+)", line):
            here = header[1]
            if section and begins is None and here.partition(".")[0] == section:
                begins = number
        if option and here == section and re.match(rf"\s*[\"']?{re.escape(option)}[\"']?\s*[=.]", line):
            return number
    return begins


def read_toml(path: Path, what: str) -> dict[str, object]:
    """Return the TOML document in `path`; `what` says what it should hold. Raise BadConfig naming the file."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise BadConfig(f"{len(raw)} bytes, the limit is {MAX_BYTES}", where=str(path))
        return tomllib.loads(raw.decode())
    except OSError as error:
        raise BadConfig(f"cannot read {what}: {error.strerror}", where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"not a TOML file: {error}", where=str(path)) from error


def _refuse_unknown(document: Mapping[str, object], kind: type[Struct], path: Path) -> None:
    sections = {name: _section_type(hint) for name, hint in get_type_hints(kind).items()}
    if unknown := document.keys() - sections.keys():
        name = min(unknown)
        what = f"section [{name}]" if isinstance(document[name], dict) else f"option {name!r} outside a section"
        known = ", ".join(f"[{section}]" for section in sections)
        raise BadConfig(f"no {what}; there are {known}{_hint(name, sections)}", where=str(path))
    for section, section_kind in sections.items():
        options = document.get(section, {})
        fields = section_kind.__struct_fields__
        if isinstance(options, dict) and (unknown := options.keys() - set(fields)):
            name = min(unknown)
            raise BadConfig(
                f"no option {name!r}; it has {', '.join(fields)}{_hint(name, fields)}",
                where=place_of(path, section, name),
            )


def _hint(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f". Did you mean {close[0]!r}?" if close else ""


def _section_type(hint: object) -> type[Struct]:
    if get_origin(hint) in {Union, UnionType}:
        hint = next(part for part in get_args(hint) if part is not type(None))
    if not (isinstance(hint, type) and issubclass(hint, Struct)):
        raise TypeError(f"a section is a Struct, not {hint}")
    return hint


def _placed(text: str) -> tuple[str, str, str]:
    # What msgspec says ends in its place, as in: Expected `int`, got `str` - at `$.broker.port`
    message, _, at = text.partition(" - at `$")
    missing = re.search(r"missing required field `(\w+)`", message)
    parts = [part for part in at.rstrip("`").split(".") if part]
    if missing:
        parts.append(missing[1])
        message = "is missing"
    section, *option = parts or [""]
    return message, section, ".".join(option)
