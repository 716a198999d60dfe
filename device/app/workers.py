"""Where blocking work happens. Each lane is one thread, so a card is never spoken to by two threads at once."""

from __future__ import annotations

import threading
from collections import deque
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
    GATE = "gate"


class Workers(Protocol):
    """Runs jobs, one at a time in each lane and in the order given."""

    def submit(self, lane: Lane, job: Job) -> None:
        """Run the job on its lane. A job handles its own errors; it has somebody to tell."""

    def submit_to_all(self, job: Job) -> None:
        """Run the job on every lane, after what was handed in before."""


class InlineWorkers:
    """The simulated world, where a visit is the same story every time: a card answers at once, a camera takes its time.

    What is handed in for the camera's lane waits until somebody lets a frame's time pass and calls `run_next`.
    """

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()

    def submit(self, lane: Lane, job: Job) -> None:
        """Run the job now, or keep it until the next frame is due."""
        if lane is Lane.FACE:
            self._waiting.append(job)
        else:
            job()

    def submit_to_all(self, job: Job) -> None:
        """Run the job now: what still waits for a frame finds out by itself that nobody wants it any more."""
        job()

    @property
    def is_busy(self) -> bool:
        """Whether a job waits for the camera."""
        return bool(self._waiting)

    def run_next(self) -> None:
        """Run the job that has waited longest, if there is one."""
        if self._waiting:
            self._waiting.popleft()()


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

    def submit_to_all(self, job: Job) -> None:
        """Queue the job on every lane."""
        for lane in Lane:
            self.submit(lane, job)

    @staticmethod
    def _work(queue: SimpleQueue[Job | None]) -> None:
        while True:
            job = queue.get()
            if job is None:
                return
            job()
            del job  # it knows a visitor, and the next one may be long in coming
