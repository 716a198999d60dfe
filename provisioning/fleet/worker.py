"""A worker: its line, its desk, and the order in which they are used: work, keep, say, acknowledge."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from paho.mqtt.client import MQTTMessage

from device.domain.errors import Fault
from provisioning.fleet.desk import Desk, Message
from provisioning.fleet.line import WorkerLine
from provisioning.fleet.unforeseen import trace

BATCH = 200
TICK_S = 0.25
"""How long a job that was just ordered waits at most for a worker that has nothing else to do."""
STORE_RETRY_S = 2.0

log = logging.getLogger(__name__)


class Worker:
    """Deals with messages and jobs until it is stopped. Everything happens on one thread of its own."""

    def __init__(self, line: WorkerLine, desk: Desk, *, clock: Callable[[], datetime], name: str) -> None:
        self.line = line
        self.desk = desk
        self._clock = clock
        self._stop = threading.Event()
        self._on_broken: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.trouble = ""
        """What keeps it from working at present."""
        self.broken = False
        """It ended by itself, by an error that nobody thought of."""

    @property
    def name(self) -> str:
        """What it is called, here and at the broker."""
        return self._thread.name

    def start(self, *, on_broken: Callable[[], None] | None = None) -> None:
        """Connect and begin. `on_broken` hears, on the worker's thread, that it ended by itself."""
        self._on_broken = on_broken
        self.line.start()
        self._thread.start()

    def close(self) -> None:
        """Finish what is in hand and stop."""
        self._stop.set()
        self.line.wake()
        if self._thread.is_alive():
            self._thread.join()
        self.line.close()

    def _run(self) -> None:
        try:
            self._until_stopped()
        except Exception as error:  # noqa: BLE001  a thread's end would be silent
            log.critical("%s ended\n%s", self.name, trace(error))
            self.broken = True
            if self._on_broken is not None:
                self._on_broken()

    def _until_stopped(self) -> None:
        due_at = self._clock()
        while not self._stop.is_set():
            messages = self.line.take(BATCH, TICK_S)
            if messages:
                self._deal_with(messages)
            if (now := self._clock()) >= due_at and self.line.ready.is_set():
                self._jobs(now)
                due_at = self._clock()

    def _deal_with(self, messages: list[MQTTMessage]) -> None:
        plain = [Message(message.topic, bytes(message.payload)) for message in messages]
        while not self._stop.is_set():
            try:
                said = self.desk.handle(plain, self._clock())
            except Fault as fault:
                self._wait_for_store(fault)
                continue
            for words in said:
                self.line.say(words)
            for message in messages:
                self.line.acknowledge(message)
            self.trouble = ""
            return

    def _jobs(self, now: datetime) -> None:
        try:
            said = self.desk.work(now)
        except Fault as fault:
            self._wait_for_store(fault)
            return
        for words in said:
            self.line.say(words)

    def _wait_for_store(self, fault: Fault) -> None:
        log.error("%s", fault)
        self.trouble = str(fault)
        self._stop.wait(STORE_RETRY_S)
