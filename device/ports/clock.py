"""Time as a port: nothing of ours asks the operating system for the time, and nothing sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """Two clocks: one that never jumps, for durations, and one for people and certificates."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never goes back."""

    def utc_now(self) -> datetime:
        """The wall clock, aware, in UTC. It may be wrong or jump: never subtract two of its readings."""

    def utc_now_if_trusted(self) -> datetime | None:
        """The wall clock where something vouches for it, else None: good enough to call a certificate expired.

        A unit without a battery for its clock wakes up in the past and knows the day only once a time service has said.
        """
