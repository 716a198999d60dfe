"""The reader of card fronts, in memory only while there is a card: its network takes as much as the whole face path.

Loading it takes about as long as reading one picture. It begins when a card is put down, beside what is read off the
chip first, so that it is there when its first picture is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import date
from typing import Protocol

from device.card.front.reader import FrontRead
from device.domain.errors import Fault
from device.ports.camera import Picture

log = logging.getLogger(__name__)


class ReadsFronts(Protocol):
    """What is loaded: a FrontReader."""

    def read(self, picture: Picture, today: date) -> FrontRead:
        """Read one picture."""


class FrontOnDemand:
    """Any thread may call it."""

    def __init__(self, open_reader: Callable[[], ReadsFronts]) -> None:
        """Open the reader once, and let go of it: what is wrong with it is known at the start. Raise Fault."""
        self._open = open_reader
        self._lock = threading.Lock()
        self._reader: ReadsFronts | None = None
        self._wanted = False
        open_reader()

    @property
    def is_there(self) -> bool:
        """Whether it is in memory."""
        return self._reader is not None

    def prepare(self) -> None:
        """Load it, in a thread of its own, if it is not there. What fails is for `read` to tell."""
        self._wanted = True
        if self._reader is None:
            threading.Thread(target=self._prepare, name="front-reader", daemon=True).start()

    def read(self, picture: Picture, today: date) -> FrontRead:
        """Read one picture, as FrontReader does. Raise Fault also when its network cannot be loaded any more."""
        return self._loaded().read(picture, today)

    def rest(self) -> None:
        """Let go of it."""
        with self._lock:
            self._wanted, self._reader = False, None

    def _prepare(self) -> None:
        with self._lock:
            if self._wanted and self._reader is None:
                try:
                    self._reader = self._open()
                except Fault as fault:
                    log.warning("the reader of card fronts: %s", fault)

    def _loaded(self) -> ReadsFronts:
        with self._lock:
            if self._reader is None:
                self._reader = self._open()
            return self._reader
