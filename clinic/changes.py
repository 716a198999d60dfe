"""Who wants to know that something changed, and telling them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What changed."""

    ARRIVAL = "arrival"
    """A visit is new, was attended, or has a late answer."""
    UNIT = "unit"
    HEALTH = "health"
    MODE = "mode"
    """The disaster mode was switched on or off, or ran out."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed. `key` is a reception, a unit or a source of trouble; nothing in it is personal."""

    subject: Subject
    key: str


Listener = Callable[[Change], None]


class Changes:
    """Tells every listener of every change, on the thread where it happened. For several threads at a time."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change from now on; return what ends that. It must be quick and must not raise."""
        key = object()
        with self._lock:
            self._listeners[key] = listener

        def end() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return end

    def tell(self, subject: Subject, key: str) -> None:
        """Tell everybody."""
        with self._lock:
            listeners = tuple(self._listeners.values())
        for listener in listeners:
            listener(Change(subject, key))
