"""The operating system's clocks and its source of randomness."""

from __future__ import annotations

import ctypes
import secrets
import time
from datetime import UTC, datetime

TIMEX_BYTES = 512
"""Room for the kernel's `struct timex` (208 bytes on 64-bit machines); all zero it asks and changes nothing."""
CLOCK_UNSYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""


class SystemClock:
    """The `Clock` of the machine. `monotonic_s` does not count time in suspend; a unit is never suspended."""

    def monotonic_s(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.monotonic()

    def utc_now(self) -> datetime:
        """Return the wall clock in UTC; it is as right as the machine's time service."""
        return datetime.now(UTC)

    def utc_now_if_trusted(self) -> datetime | None:
        """Return the wall clock once a time service has set it; None where the kernel says "unsynchronised"."""
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
        return self.utc_now() if 0 <= state < CLOCK_UNSYNCHRONISED else None


class SystemEntropy:
    """The `Entropy` of the kernel, fit for keys and challenges."""

    def token(self, length: int) -> bytes:
        """Return `length` bytes from the kernel's generator."""
        return secrets.token_bytes(length)
