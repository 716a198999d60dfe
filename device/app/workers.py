"""Where blocking work happens. Each lane is one thread, so a card is never spoken to by two threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum
from queue import SimpleQueue
from types import TracebackType
from typing import Protocol, Self

Job = Callable[[], None]


class Lane(StrEnum):
    """Who works side by side."""

    CARD = "card"
    FACE = "face"


class Workers(Protocol):
    """Runs jobs, one at a time in each lane and in the order given."""

    def submit(self, lane: Lane, job: Job) -> None:
        """Run the job on its lane. A job handles its own errors; it has somebody to tell."""


class InlineWorkers:
    """Runs each job at once: the simulated world, where a visit is the same story every time."""

    def submit(self, lane: Lane, job: Job) -> None:  # noqa: ARG002  the port's signature
        """Run the job now."""
        job()


class ThreadWorkers:
    """One daemon thread for each lane."""

    def __init__(self) -> None:
        self._queues: dict[Lane, SimpleQueue[Job | None]] = {lane: SimpleQueue() for lane in Lane}
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f"lane-{lane}", daemon=True)
            for lane, queue in self._queues.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for queue in self._queues.values():
            queue.put(None)
        for thread in self._threads:
            thread.join(timeout=5.0)

    def submit(self, lane: Lane, job: Job) -> None:
        """Queue the job."""
        self._queues[lane].put(job)

    @staticmethod
    def _work(queue: SimpleQueue[Job | None]) -> None:
        while (job := queue.get()) is not None:
            job()
