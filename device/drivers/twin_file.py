"""A unit's book on its fleet's settings, in a file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec

from device.drivers.kept_file import write_whole
from device.link.twin import Mode, Status, TwinBook, Version
from device.whole_file import PRIVATE

log = logging.getLogger(__name__)


class _Version(msgspec.Struct):
    version: int
    mode: Mode
    settings: dict[str, dict[str, Any]]


class _Book(msgspec.Struct):
    good: _Version
    trial: _Version | None
    status: Status
    about: int
    errors: tuple[str, ...]
    done: tuple[str, ...]


class TwinFile:
    """The file."""

    def __init__(self, path: Path) -> None:
        """`path` need not be there yet."""
        self._path = path

    def read(self) -> TwinBook:
        """Return the book; an empty one where there is none, or where it is broken: the fleet then sends all anew."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Book)
        except FileNotFoundError:
            return TwinBook()
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read and is begun anew: %s", self._path, error)
            return TwinBook()
        return TwinBook(
            good=_version(kept.good),
            trial=None if kept.trial is None else _version(kept.trial),
            status=kept.status,
            about=kept.about,
            errors=kept.errors,
            done=kept.done,
        )

    def keep(self, book: TwinBook) -> None:
        """Write the book. Raise Fault (part `disk`) when the disk refuses; the one before is then still there."""
        write_whole(self._path, msgspec.json.encode(book), mode=PRIVATE)


def _version(kept: _Version) -> Version:
    return Version(version=kept.version, mode=kept.mode, settings=kept.settings)
