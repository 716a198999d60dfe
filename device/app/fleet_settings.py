"""Whether the fleet's settings are settings of this firmware."""

from __future__ import annotations

from pathlib import Path

import msgspec

from device.app.config import Config
from device.link.twin import forbidden_in
from device.wire.fleet import MAX_SETTINGS, Settings


def problems(settings: Settings) -> tuple[str, ...]:
    """Return what is wrong with settings, option by option; nothing when they can be tried out."""
    if (size := len(msgspec.json.encode(settings))) > MAX_SETTINGS:
        return (f"{size} bytes, the limit is {MAX_SETTINGS}",)
    found = list(forbidden_in(settings))
    kinds = {field.name: field.type for field in msgspec.structs.fields(Config)}
    for section, options in settings.items():
        if section not in kinds:
            found.append(f"{section}: no such section")
            continue
        if found and any(words.startswith(f"{section}:") for words in found):
            continue
        for option, value in options.items():
            if option not in kinds[section].__struct_fields__:
                found.append(f"{section}.{option}: no such option")
                continue
            try:
                msgspec.convert({option: value}, kinds[section], dec_hook=_path)
            except msgspec.ValidationError as error:
                found.append(f"{section}.{option}: {str(error).partition(' - at ')[0]}")
    return tuple(found)


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise ValueError("Expected the path of a file")
