"""A number in a file of its own. What `keep` returned from is on the disk: old or new, never half of either."""

from __future__ import annotations

from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.whole_file import PRIVATE, put_whole

LARGEST = 1_000_000


class TallyFile:
    """A `Tally` in the file `path`, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int | None:
        """Return the number; None for a file that is damaged or cannot be read."""
        try:
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return 0
        except (OSError, UnicodeDecodeError):
            return None
        number = text.strip()
        return int(number) if number.isascii() and number.isdigit() and int(number[:9]) <= LARGEST else None

    def keep(self, count: int) -> None:
        """Write it beside the old one, wait for the disk, and put it in its place."""
        try:
            put_whole(self._path, f"{min(count, LARGEST)}\n".encode(), mode=PRIVATE)
        except OSError as error:
            raise Fault(f"{self._path}: {error.strerror or error}", part="tally", reason=Reason.OUTBOX_FAULT) from error
