"""Does something every so often on a thread of its own, and at once when it is woken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from clinic.health import Health, Trouble
from device.domain.errors import Fault

log = logging.getLogger(__name__)


class Ticker:
    """Runs from entering to leaving. A Fault makes a row and waits for the next time."""

    def __init__(
        self, name: str, every_s: float, act: Callable[[datetime], object], *, health: Health, trouble: Trouble
    ) -> None:
        """Call `act` with the time now, then every `every_s` seconds."""
        self._name = name
        self._every_s = every_s
        self._act = act
        self._health = health
        self._trouble = trouble
        self._stopped = False
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        self._awake.set()
        self._thread.join()

    def wake(self) -> None:
        """Have it done now."""
        self._awake.set()

    def tick(self, now: datetime) -> None:
        """Do it once."""
        try:
            self._act(now)
        except Fault as error:
            log.warning("%s: %s", self._name, error)
            self._health.note(self._name, self._trouble, str(error), now)
        else:
            self._health.clear(self._name, self._trouble)

    def _run(self) -> None:
        while not self._stopped:
            self._awake.clear()
            self.tick(datetime.now(UTC))
            self._awake.wait(self._every_s)
