"""What the unit remembers of its visits: where the present one stands, and how many ended how. Nobody is in it."""

from __future__ import annotations

import logging
import re
from collections import Counter

from device.app.journal_events import Event, about
from device.app.mailbox import Observer
from device.domain.reasons import Reason
from device.ports.clock import Clock
from device.ports.machine import Machine
from device.reception import Settled, State
from device.reception import events as on
from device.reception.effects import Effect

log = logging.getLogger(__name__)

TICKS_PER_S = 100
"""USER_HZ of every machine that Linux runs on today (proc(5))."""
USER_TICKS, SYSTEM_TICKS = 11, 12
"""Places in /proc/self/stat behind the program's name."""


class Logbook:
    """Watches the mailbox's thoughts on its thread."""

    def __init__(self, clock: Clock, then: Observer | None) -> None:
        """`then` sees the same."""
        self._clock = clock
        self._then = then
        self.started_s = self.since_s = clock.monotonic_s()
        self.state = "idle"
        self.endings: Counter[Reason] = Counter()

    def observe(self, before: State, event: on.Event, after: State, effects: tuple[Effect, ...]) -> None:
        """Note where the visit stands now."""
        if type(after) is not type(before):
            self.state, self.since_s = named(type(after)), self._clock.monotonic_s()
        if isinstance(after, Settled) and not isinstance(before, Settled):
            self.endings[after.reason] += 1
            log.info("a visit ended: %s", after.reason, extra=about(Event.VISIT_ENDED, reason=after.reason))
        if self._then is not None:
            self._then(before, event, after, effects)


def process_cost(machine: Machine | None) -> tuple[int | None, float | None]:
    """Return resident memory (kB) and processor time (s) of this process, as far as the machine tells."""
    if machine is None:
        return None, None
    resident = re.search(r"^VmRSS:\s+(\d+) kB", machine.read("/proc/self/status") or "", re.MULTILINE)
    ticks = (machine.read("/proc/self/stat") or "").rpartition(")")[2].split()
    spent = [int(ticks[place]) for place in (USER_TICKS, SYSTEM_TICKS) if place < len(ticks)]
    return int(resident[1]) if resident else None, sum(spent) / TICKS_PER_S if spent else None


def named(state: type[State]) -> str:
    """Return what a state is called where the unit tells how it is."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", state.__name__).lower()
