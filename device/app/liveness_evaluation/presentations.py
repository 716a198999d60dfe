"""A folder of presentations: `live/` and one folder for each species of attack; in each, photos or folders of frames.

A folder of frames is one presentation, its frames in the order of their names. `asked.toml` in it may say what was
asked for: `move = "turn_left"`, `from = 8` (frames before the voice asked), `frames_per_second = 10.0`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
from msgspec import Meta, Struct

from device.domain.errors import BadConfig
from device.domain.values import Move
from device.ports.camera import Picture

LIVE = "live"
ASKED = "asked.toml"
PICTURES = {".jpg", ".jpeg", ".png", ".bmp"}


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"after": "from"}):
    """What a presentation was asked for, and when."""

    move: Move
    after: Annotated[int, Meta(ge=1)]
    """So many frames were taken before."""
    frames_per_second: Annotated[float, Meta(gt=0, le=250)] = 10.0


@dataclass(frozen=True, slots=True)
class Presentation:
    """One try: a photo, or frames in order."""

    species: str
    name: str
    frames: tuple[Path, ...]
    asked: Asked | None = None


def read_presentations(folder: Path) -> list[Presentation]:
    """Return what lies in the folder, by name. Raise BadConfig naming what cannot be used."""
    if not folder.is_dir():
        raise BadConfig("is no folder", where=str(folder))
    found = [each for species in sorted(folder.iterdir()) if species.is_dir() for each in _of(species)]
    if not found:
        raise BadConfig(f"has no presentations: {LIVE}/ and a folder for each species, with photos", where=str(folder))
    return found


def read_picture(path: Path) -> Picture:
    """Return one frame. Raise BadConfig for a file that is no picture."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise BadConfig("is no picture", where=str(path))
    return np.asarray(picture, np.uint8)


def _of(species: Path) -> Iterator[Presentation]:
    for entry in sorted(species.iterdir()):
        if entry.is_dir():
            frames = tuple(path for path in sorted(entry.iterdir()) if path.suffix.lower() in PICTURES)
            if not frames:
                raise BadConfig("has no pictures", where=str(entry))
            yield Presentation(species.name, entry.name, frames, _asked(entry / ASKED, len(frames)))
        elif entry.suffix.lower() in PICTURES:
            yield Presentation(species.name, entry.name, (entry,))


def _asked(path: Path, frames: int) -> Asked | None:
    if not path.is_file():
        return None
    try:
        asked = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Asked)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadConfig(str(error), where=str(path)) from error
    if asked.after >= frames:
        raise BadConfig(f"from = {asked.after}, but there are only {frames} frames", where=str(path))
    return asked
