"""A plan is a list of phases, and a phase says what it measures before it does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from device.wire.texts import Text
from hw.limits import Limits
from hw.session import Session

Run = Callable[[Session], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One thing that the bench does."""

    name: str
    title: Text
    next_step: Text
    """What to do with a unit that failed here."""
    measures: tuple[str, ...]
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Phases in their order."""

    name: str
    title: Text
    phases: tuple[Phase, ...]

    def digest(self) -> str:
        """Return SHA-256 of what is measured in which order, for the record."""
        told = ";".join(f"{phase.name}:{','.join(phase.measures)}" for phase in self.phases)
        return hashlib.sha256(f"{self.name};{told}".encode()).hexdigest()

    def check(self, limits: Limits) -> None:
        """Raise BadLimits where a phase measures what has no limit."""
        for phase in self.phases:
            for name in phase.measures:
                _ = limits[name]
