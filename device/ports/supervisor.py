"""Whoever started the unit and starts it again when it hangs."""

from __future__ import annotations

from typing import Protocol


class Supervisor(Protocol):
    """Wants to hear that the unit serves, and that it still thinks."""

    def alive(self) -> None:
        """Say that the unit thinks; the first time also means that patients can come. Cheap, so call it often."""

    def stopping(self) -> None:
        """Say that the unit ends on purpose."""
