"""Ctrl-C and the service manager's word to stop, as an event."""

from __future__ import annotations

import signal
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set until the end; both then mean what they meant before. Main thread."""
    told = threading.Event()

    def stop(number: int, frame: types.FrameType | None) -> None:  # noqa: ARG001  what a handler is given
        told.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
