"""A process whose clock of the day is wrong by as much as we like, while it runs: libfaketime, where it is installed.

What the kernel counts from its start stays right, as it does on a unit whose time service sets the clock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

LIBRARIES: Final = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


def library() -> Path | None:
    """Return the library that does it, or None where there is none."""
    found = (path for pattern in LIBRARIES for path in Path("/").glob(pattern.lstrip("/")))
    return next(found, None)


class WallClock:
    """The clock of the day of a process that was started with this environment."""

    def __init__(self, file: Path) -> None:
        """`file` says by how much the clock is wrong; the process reads it once a second."""
        self._file = file
        self.set_wrong_by_years(0)

    def set_wrong_by_years(self, years: int) -> None:
        """From now on, and within a second."""
        self._set(f"{years:+d}y")

    def set_wrong_by_s(self, seconds: int) -> None:
        """From now on, and within a second."""
        self._set(f"{seconds:+d}")

    def _set(self, offset: str) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset}\n", encoding="utf-8")
        draft.replace(self._file)

    def environment(self) -> dict[str, str]:
        """Return what a process has to be started with."""
        return {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Read the file once a second: asking it every time slows the unit more than what is measured.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
