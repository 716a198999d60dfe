"""The operating system's clocks and its source of randomness."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    """The `Clock` of the machine. `monotonic_s` does not count time in suspend; a unit is never suspended."""

    def monotonic_s(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.monotonic()

    def utc_now(self) -> datetime:
        """Return the wall clock in UTC; it is as right as the machine's time service."""
        return datetime.now(UTC)


class SystemEntropy:
    """The `Entropy` of the kernel, fit for keys and challenges."""

    def token(self, length: int) -> bytes:
        """Return `length` bytes from the kernel's generator."""
        return secrets.token_bytes(length)
