"""What can be set: the schema of a unit's firmware, and what is wrong with settings by it."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from device.domain.errors import BadConfig
from device.wire.fleet import MAX_SETTINGS, Settings

FORBIDDEN = ("unit", "broker", "key", "clinic", "fleet")
"""Sections that say who a unit is and whom it belongs to: no unit takes them from its fleet."""


@lru_cache(maxsize=16)
def schema(folder: Path | None = None, firmware: str = "") -> dict[str, Any]:
    """Return the schema of a firmware: `schemas/<firmware>.json` of the fleet, or that of this release.

    `uketsuke config schema` of another release prints its own. Raise BadConfig for a file that is no schema.
    """
    path = None if folder is None or not firmware else folder / f"{firmware}.json"
    if path is None or not path.is_file():
        return _of_this_release()
    try:
        return _read(path.read_bytes())
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadConfig("is no schema of a unit's configuration", where=str(path)) from error


@lru_cache(maxsize=1)
def _of_this_release() -> dict[str, Any]:
    # The unit's program is installed with ours and is asked as any other release would be: fleet and unit share words,
    # not code.
    asked = subprocess.run(
        [sys.executable, "-m", "device.app.cli", "config", "schema"], capture_output=True, check=False
    )
    try:
        return _read(asked.stdout)
    except (ValueError, LookupError, TypeError) as error:
        words = "does not print its schema; give schemas/VERSION.json in the fleet's folder"
        raise BadConfig(words, where="uketsuke config schema") from error


def _read(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    _ = found["$defs"]["Config"]["properties"]
    return found


def problems(settings: Settings, document: dict[str, Any]) -> list[str]:
    """Return what is wrong with settings, option by option; nothing when a unit will take them."""
    if (size := len(msgspec.json.encode(settings))) > MAX_SETTINGS:
        return [f"{size} bytes of settings, the limit is {MAX_SETTINGS}"]
    sections = document["$defs"]["Config"]["properties"]
    found: list[str] = []
    for section, options in settings.items():
        if section in FORBIDDEN:
            found.append(f"{section}: who a unit is and where it belongs stands in its own file alone")
        elif section not in sections:
            found.append(f"{section}: no such section{_hint(section, sections)}")
        else:
            found += _section_problems(section, options, _properties(sections[section], document), document)
    return found


def settable(document: dict[str, Any]) -> list[str]:
    """Return every `section.option` that a fleet may set."""
    return [
        f"{section}.{option}"
        for section, shape in document["$defs"]["Config"]["properties"].items()
        if section not in FORBIDDEN
        for option in _properties(shape, document)
    ]


def _section_problems(
    section: str, options: dict[str, Any], known: dict[str, Any], document: dict[str, Any]
) -> list[str]:
    found = []
    for option, value in options.items():
        if option not in known:
            found.append(f"{section}.{option}: no such option{_hint(option, known)}")
            continue
        shape = {**known[option], "$defs": document["$defs"]}
        found += [
            f"{section}.{option}: {error.message[:200]}" for error in Draft202012Validator(shape).iter_errors(value)
        ]
    return found


def _properties(shape: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference = next(
        part["$ref"] for part in (shape, *shape.get("anyOf", ()), *shape.get("allOf", ())) if "$ref" in part
    )
    found: dict[str, Any] = document["$defs"][reference.rpartition("/")[2]]["properties"]
    return found


def _hint(name: str, known: dict[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f". Did you mean {close[0]!r}?" if close else ""
