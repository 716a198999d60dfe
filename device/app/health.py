"""What does not work at present, part by part. Owners are told when the picture changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from device.domain.reasons import Reason

log = logging.getLogger(__name__)


class Health:
    """The troubles of one unit. Any thread may report."""

    def __init__(self, on_change: Callable[[tuple[Reason, ...]], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._troubles: dict[str, Reason] = {}

    def report(self, part: str, trouble: Reason | None, *, why: str = "") -> None:
        """Say that a part is in trouble, or (None) that it works."""
        with self._lock:
            if self._troubles.get(part) == trouble:
                return
            if trouble is None:
                del self._troubles[part]
                log.info("%s works again", part)
            else:
                self._troubles[part] = trouble
                log.warning("%s: %s %s", part, trouble, why)
            troubles = tuple(sorted(set(self._troubles.values())))
        self._on_change(troubles)

    @property
    def troubles(self) -> tuple[Reason, ...]:
        """All troubles, sorted."""
        with self._lock:
            return tuple(sorted(set(self._troubles.values())))

    def has(self, *reasons: Reason) -> bool:
        """Return whether any of these is a present trouble."""
        return any(trouble in reasons for trouble in self.troubles)
