"""An outbox in memory. It survives whatever the object survives, and fails when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.ports.line import Kept


class MemoryOutbox:
    """An `Outbox`. Hand the same one to the next life of a unit and nothing was lost."""

    def __init__(self, limit: int = 5000) -> None:
        self._limit = limit
        self._kept: dict[str, Kept] = {}
        self._sequence = 0
        self._trouble: str | None = None
        self._lock = threading.Lock()

    def add(self, message_id: str, seal: Callable[[int], bytes]) -> Kept:
        """Keep one message under the next number."""
        with self._working():
            if message_id in self._kept:
                return self._kept[message_id]
            if len(self._kept) >= self._limit:
                raise _fault(f"the outbox is full: {self._limit} results wait for the clinic's receipt")
            kept = Kept(self._sequence + 1, message_id, seal(self._sequence + 1))
            self._sequence = kept.sequence
            self._kept[message_id] = kept
            return kept

    def waiting(self, limit: int) -> list[Kept]:
        """Return the oldest."""
        with self._working():
            return list(self._kept.values())[:limit]

    @property
    def depth(self) -> int:
        """Count them."""
        with self._working():
            return len(self._kept)

    def settle(self, message_id: str, check: Callable[[Kept], None]) -> bool:
        """Delete one, unless `check` raises on it."""
        with self._working():
            if (kept := self._kept.get(message_id)) is None:
                return False
            check(kept)
            del self._kept[message_id]
            return True

    def break_down(self, why: str = "the disk refuses") -> None:
        """From now on every call fails."""
        self._trouble = why

    def repair(self) -> None:
        """From now on it works again, with everything in it."""
        self._trouble = None

    def _working(self) -> threading.Lock:
        if self._trouble is not None:
            raise _fault(self._trouble)
        return self._lock


def _fault(message: str) -> Fault:
    return Fault(message, part="outbox", reason=Reason.OUTBOX_FAULT)
