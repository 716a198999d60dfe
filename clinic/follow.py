"""Working off the store's feed: every visit once and in order, at the follower's own pace, nothing lost meanwhile.

    def save(visit: KeptVisit) -> None:
        my_database.save(visit.record.reception, visit.qualification)      # raise Fault: it comes again

    with Follower("my-database", store, save, health=health):
        ...

A visit comes again when the program died between `save` and its note, and once more when somebody has accepted its
late answer: `save` should put it in the same place (by its reception) and not beside it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from clinic.changes import Change, Subject
from clinic.health import Health, Trouble
from clinic.store import KeptVisit, Store
from device.domain.errors import Fault

RETRY_S = 5.0
"""After a trouble; a new visit is looked at meanwhile as well."""

log = logging.getLogger(__name__)


class Follower:
    """One follower with a thread of its own."""

    def __init__(
        self,
        name: str,
        store: Store,
        act: Callable[[KeptVisit], None],
        *,
        health: Health,
        trouble: Trouble = Trouble.FOLLOWER,
    ) -> None:
        """Call `act` for every visit; `name` keeps the place in the feed over restarts."""
        self.name = name
        self._store = store
        self._act = act
        self._health = health
        self._trouble = trouble
        self._stopped = False
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"{name} follows", daemon=True)

    def __enter__(self) -> Self:
        self._end = self._store.changes.subscribe(self._hear)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._stopped = True
        self._awake.set()
        self._thread.join()

    def work_off(self, now: datetime) -> bool:
        """Do what there is to do; False when something stands in the way and has to be tried again."""
        try:
            while feed := self._store.feed_of(self.name):
                for number, visit in feed:
                    if self._stopped:
                        return True
                    self._act(visit)
                    self._store.done(self.name, number)
        except Fault as error:
            log.warning("%s: waits: %s", self.name, error)
            self._health.note(self.name, self._trouble, str(error), now)
            return False
        self._health.clear(self.name, self._trouble)
        return True

    def _follow(self) -> None:
        while not self._stopped:
            self._awake.clear()
            done = self.work_off(datetime.now(UTC))
            self._awake.wait(None if done else RETRY_S)

    def _hear(self, change: Change) -> None:
        if change.subject is Subject.ARRIVAL:
            self._awake.set()
