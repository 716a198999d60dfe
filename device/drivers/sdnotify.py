"""Tells systemd how the unit is: datagrams to the socket that it names (sd_notify(3), sd_watchdog_enabled(3))."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from device.ports.clock import Clock

log = logging.getLogger(__name__)

FEEDS_PER_PERIOD: Final = 4
"""sd_watchdog_enabled(3) advises two; two more forgive a loop that was busy."""


class NobodyWatches:
    """Started by hand: there is nobody to tell."""

    def alive(self) -> None:
        """Tell nobody."""

    def stopping(self) -> None:
        """Tell nobody."""


class SystemdSupervisor:
    """Started by systemd with `Type=notify`."""

    def __init__(self, address: str, watchdog_s: float | None, clock: Clock) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._feed_every_s = None if watchdog_s is None else watchdog_s / FEEDS_PER_PERIOD
        self._clock = clock
        self._told_s: float | None = None

    def alive(self) -> None:
        """Say READY the first time, and feed the watchdog whenever it is hungry."""
        now_s = self._clock.monotonic_s()
        if self._told_s is None:
            self._say("READY=1")
        elif self._feed_every_s is None or now_s - self._told_s < self._feed_every_s:
            return
        self._told_s = now_s
        if self._feed_every_s is not None:
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end is meant."""
        self._say("STOPPING=1")

    def _say(self, state: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.sendto(state.encode(), self._address)
        except OSError as error:
            # systemd will draw its own conclusion from the silence; the visit goes on until then.
            log.warning("systemd could not be told %s: %s", state, error.strerror)


def find_supervisor(environment: Mapping[str, str], clock: Clock) -> NobodyWatches | SystemdSupervisor:
    """Return whoever the environment names (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID)."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return NobodyWatches()
    watchdog_s: float | None = None
    if environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid()):
        with suppress(ValueError):
            watchdog_s = int(environment.get("WATCHDOG_USEC", "")) / 1e6
    return SystemdSupervisor(address, watchdog_s or None, clock)
