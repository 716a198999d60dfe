"""Tells open pages that something changed, whoever changed it: another process, another machine, the command line.

The base is asked for a word that changes with every transaction, which costs next to nothing; only when it has changed
is it looked at what pages show. A heartbeat changes the word and nothing that is shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final, Self

from device.domain.errors import Fault
from provisioning.fleet.store.database import FleetStore

LOOK_S: Final = 0.1
AT_MOST_EVERY_S: Final = 0.3
"""What pages show of thousands of units is not read more often than this."""
STORE_RETRY_S: Final = 2.0

Listener = Callable[[], None]

log = logging.getLogger(__name__)


class Watch:
    """Looks while anybody listens."""

    def __init__(self, store: FleetStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._listeners: dict[object, Listener] = {}
        self._lock = threading.Lock()
        self._wanted, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._wanted.set()
        self._thread.join()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change from now on; return what ends that. It must be quick and must not raise."""
        key = object()
        with self._lock:
            self._listeners[key] = listener
            self._wanted.set()

        def end() -> None:
            with self._lock:
                self._listeners.pop(key, None)
                if not self._listeners and not self._stop.is_set():
                    self._wanted.clear()

        return end

    def _run(self) -> None:
        pulse = ""
        shown: object = None
        while not self._stop.is_set():
            self._wanted.wait()
            try:
                beat = self._store.pulse()
                if beat == pulse:
                    self._stop.wait(LOOK_S)
                    continue
                pulse, before, shown = beat, shown, self._shown()
            except Fault as fault:
                log.warning("%s", fault)
                self._stop.wait(STORE_RETRY_S)
                continue
            if shown != before:
                self._tell()
            self._stop.wait(AT_MOST_EVERY_S)

    def _shown(self) -> object:
        with self._store.look(self._now()) as work:
            return work.audit.head().number, work.jobs.last_change(), work.units.glances()

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners.values())
        for listener in listeners:
            listener()
