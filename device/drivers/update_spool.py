"""Orders on their way from the program that serves visitors to the one that may change versions, and back.

The first may not write where versions lie, and the second does not listen to the network. So signed orders are handed
over as files, and the second one checks the signature itself: whoever took over the first can order nothing new.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.domain.errors import UpdateRefused
from device.domain.updates import Refusal
from device.whole_file import PRIVATE, PUBLIC, make_folder, put_whole

MOST_BYTES: Final = 65_536
MOST_WAITING: Final = 32
_SUFFIX: Final = ".order"


@dataclass(frozen=True, slots=True)
class OrderBox:
    """A folder of orders that wait."""

    folder: Path

    def put(self, payload: bytes) -> None:
        """Hand an order over; one that waits already is not doubled. Raise UpdateRefused(DISK, BUSY)."""
        path = self.folder / f"{hashlib.sha256(payload).hexdigest()[:32]}{_SUFFIX}"
        try:
            make_folder(self.folder)
            if len(payload) > MOST_BYTES or len(list(self.folder.iterdir())) >= MOST_WAITING:
                raise UpdateRefused("too many orders wait, or one is too long", refusal=Refusal.BUSY)
            put_whole(path, payload, mode=PRIVATE)
        except OSError as error:
            raise UpdateRefused(f"{path}: {error.strerror}", refusal=Refusal.DISK) from error

    def take(self) -> list[tuple[Path, bytes]]:
        """Return what waits, the oldest first; `done` takes it away. What is no plain file of ours is left alone."""
        found = []
        for path in sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda each: each.lstat().st_mtime_ns):
            try:
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                continue
            with os.fdopen(handle, "rb") as file:
                if stat.S_ISREG(os.fstat(handle).st_mode):
                    found.append((path, file.read(MOST_BYTES)))
        return found

    def done(self, path: Path) -> None:
        """Take an order away. Raise UpdateRefused(DISK)."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UpdateRefused(f"{path}: {error.strerror}", refusal=Refusal.DISK) from error


def read_reports(path: Path) -> bytes:
    """Return the book of reports, empty where there is none."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def write_reports(path: Path, book: bytes) -> None:
    """Put the book where it can be read, through to the disk. Raise UpdateRefused(DISK)."""
    try:
        put_whole(path, book, mode=PUBLIC)
    except OSError as error:
        raise UpdateRefused(f"{path}: {error.strerror}", refusal=Refusal.DISK) from error
