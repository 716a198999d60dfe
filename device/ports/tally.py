"""A number that outlives the program."""

from __future__ import annotations

from typing import Protocol


class Tally(Protocol):
    """Counts something that a restart, or a pulled plug, must not make forgotten. One thread at a time may call."""

    def read(self) -> int | None:
        """Return the number kept last, 0 where none was; None where it cannot be told. Never raises."""

    def keep(self, count: int) -> None:
        """Keep this number; once this has returned it outlives everything. Raise Fault(OUTBOX_FAULT)."""
