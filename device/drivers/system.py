"""The operating system's clocks and its source of randomness."""

from __future__ import annotations

import ctypes
import logging
import secrets
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime

log = logging.getLogger(__name__)

REBOOT = ("systemctl", "reboot")
REBOOT_EVERY_S = 3600.0
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


def reboot_if_up_long_enough(
    *,
    uptime_s: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    run: Callable[[tuple[str, ...]], object] = lambda command: subprocess.run(command, check=False),  # noqa: S603  ours
) -> bool:
    """Restart the machine unless it was restarted within the hour; return whether that was asked for."""
    if uptime_s() < REBOOT_EVERY_S:
        log.error("not restarting the machine: the last restart is less than an hour ago")
        return False
    log.error("restarting the machine")
    try:
        run(REBOOT)
    except OSError as error:
        log.error("the machine cannot be restarted: %s", error.strerror)  # noqa: TRY400  the system's word is enough
        return False
    return True
