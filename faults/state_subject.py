"""An operation on a unit's files, and how to look at what a power cut left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Look(Protocol):
    """Opens what a cut left with the product's reader."""

    def __call__(self, folder: Path, *, returned: bool) -> str | None:
        """Say what is wrong; told whether the operation had returned."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One operation on the files of a unit."""

    before: Callable[[Path], object]
    change: Callable[[Path], object]
    look: Look


def either(read: Callable[[Path], object], old: object, new: object) -> Look:
    """Look whether the old value or the new one is read, and the new one once it was promised."""

    def look(folder: Path, *, returned: bool) -> str | None:
        found = read(folder)
        if found == new or (found == old and not returned):
            return None
        return f"{found!r} was read"

    return look


def nothing(folder: Path) -> None:
    """Prepare nothing."""
    del folder
