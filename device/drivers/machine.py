"""The machine as Linux tells of it: files below /proc, /sys, /etc and /run, and the file systems."""

from __future__ import annotations

import os
from pathlib import Path

from device.ports.machine import Volume

MAX_CHARACTERS = 1_000_000


class LinuxMachine:
    """A `Machine`. Below `root`, where the files of another machine are looked at."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def read(self, path: str) -> str | None:
        """Read one file."""
        try:
            with self._at(path).open(encoding="utf-8", errors="replace") as file:
                return file.read(MAX_CHARACTERS).strip().strip("\0")
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        """List one folder."""
        try:
            return sorted(entry.name for entry in self._at(path).iterdir())
        except OSError:
            return []

    def volume(self, path: Path) -> Volume:
        """Ask the kernel."""
        while not path.exists() and path != path.parent:
            path = path.parent
        told = os.statvfs(path)
        return Volume(
            total_bytes=told.f_blocks * told.f_frsize,
            free_bytes=told.f_bavail * told.f_frsize,
            read_only=bool(told.f_flag & os.ST_RDONLY),
        )

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")
