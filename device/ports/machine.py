"""The machine that a unit runs on, as far as the kernel and the system's files tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Volume:
    """The file system that a path lies on."""

    total_bytes: int
    free_bytes: int
    """For accounts other than root."""
    read_only: bool


class Machine(Protocol):
    """Looks and changes nothing. Paths begin with a slash."""

    def read(self, path: str) -> str | None:
        """Return a system's file as text, without blanks around it; None where it cannot be read."""

    def names(self, path: str) -> list[str]:
        """Return what is in a folder, sorted; nothing where there is no such folder."""

    def volume(self, path: Path) -> Volume:
        """Return the file system that `path`, or the nearest folder above it that exists, lies on. Raise OSError."""
