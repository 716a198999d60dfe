"""What does not work at present, part by part. Owners are told when the picture changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from device.app.journal_events import Event, about
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.reasons import Reason

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One part that does not work."""

    part: str
    reason: Reason
    why: str
    """For technicians, without personal data."""
    since_s: float
    """Monotonic seconds."""
    finding: FindingCode | None = None

    def as_fault(self) -> Fault:
        """Return it as whoever raised it would have."""
        return Fault(self.why or str(self.reason), part=self.part, reason=self.reason, finding=self.finding)


class Health:
    """The troubles of one unit. Any thread may report. A trouble is logged when it comes and when it goes, no more."""

    def __init__(
        self, on_change: Callable[[tuple[Reason, ...]], None], monotonic_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._on_change = on_change
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._troubles: dict[str, Trouble] = {}

    def report(self, part: str, trouble: Reason | None, *, why: str = "", finding: FindingCode | None = None) -> None:
        """Say that a part is in trouble, or (None) that it works."""
        with self._lock:
            known = self._troubles.get(part)
            if trouble is None:
                if known is None:
                    return
                del self._troubles[part]
                seconds = self._monotonic_s() - known.since_s
                log.info("%s works again", part, extra=about(Event.PART_RECOVERED, part=part, seconds=round(seconds)))
            elif known is None or known.reason != trouble:
                self._troubles[part] = Trouble(part, trouble, why, self._monotonic_s(), finding)
                log.warning("%s: %s %s", part, trouble, why, extra=about(Event.PART_FAILED, part=part, reason=trouble))
            else:
                return
            reasons = self._reasons()
        self._on_change(reasons)

    def report_fault(self, part: str, fault: Fault) -> None:
        """Say that a part is in trouble as the fault says."""
        self.report(part, fault.reason, why=str(fault), finding=fault.finding)

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """All reasons, each once, sorted."""
        with self._lock:
            return self._reasons()

    @property
    def parts(self) -> tuple[Trouble, ...]:
        """All troubles, the oldest first."""
        with self._lock:
            return tuple(sorted(self._troubles.values(), key=lambda trouble: trouble.since_s))

    def of(self, part: str) -> Trouble | None:
        """Return the trouble of one part."""
        with self._lock:
            return self._troubles.get(part)

    def has(self, *reasons: Reason) -> bool:
        """Return whether any of these is a present trouble."""
        return any(trouble in reasons for trouble in self.troubles)

    def _reasons(self) -> tuple[Reason, ...]:
        return tuple(sorted({trouble.reason for trouble in self._troubles.values()}))
