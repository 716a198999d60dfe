"""A number in memory, for units whose restarts are simulated too."""

from __future__ import annotations

from device.domain.errors import Fault
from device.domain.reasons import Reason


class MemoryTally:
    """Give the same one to the unit's next life."""

    def __init__(self) -> None:
        self._count: int | None = 0
        self._refuses = False

    def break_down(self) -> None:
        """The disk keeps nothing from now on, and cannot tell what it kept."""
        self._count, self._refuses = None, True

    def read(self) -> int | None:
        """Return what was kept last."""
        return self._count

    def keep(self, count: int) -> None:
        """Keep it. Raise Fault(OUTBOX_FAULT) after `break_down`."""
        if self._refuses:
            raise Fault("the simulated disk refuses", part="tally", reason=Reason.OUTBOX_FAULT)
        self._count = count
