"""Watches the reader for cards that come and go."""

from __future__ import annotations

import threading

from device.app.health import Health
from device.app.mailbox import Mailbox
from device.domain.errors import Fault
from device.domain.values import ReceptionId
from device.ports.card import CardReader
from device.ports.entropy import Entropy
from device.reception import events as on

POLL_S = 1.0
"""How long one look lasts at most; a change ends it at once. It bounds how long stopping takes."""
RETRY_S = 1.0
"""Between two looks for a reader that is gone."""


class CardWatch:
    """Turns presence into the beginnings and ends of visits."""

    def __init__(self, *, reader: CardReader, mailbox: Mailbox, health: Health, entropy: Entropy) -> None:
        self._reader = reader
        self._mailbox = mailbox
        self._health = health
        self._entropy = entropy
        self._present = False
        self._left_there = False
        """A card lay there when the reader failed: it has to be lifted before the next visit, whoever's it is."""
        self._stopped = threading.Event()

    def run(self) -> None:
        """Watch until `stop`."""
        while not self._stopped.is_set():
            if not self.look(POLL_S):
                self._stopped.wait(RETRY_S)

    def stop(self) -> None:
        """End `run` within one look."""
        self._stopped.set()

    def look(self, timeout_s: float) -> bool:
        """Look once; return whether there is a reader."""
        try:
            present = self._reader.wait_for_change(present=self._present or self._left_there, timeout_s=timeout_s)
        except Fault as fault:
            self._health.report("reader", fault.reason, why=str(fault), finding=fault.finding)
            self._left_there |= self._present
            self._changed(present=False)
            return False
        self._health.report("reader", None)
        self._left_there &= present
        self._changed(present=present and not self._left_there)
        return True

    def _changed(self, *, present: bool) -> None:
        if present == self._present:
            return
        self._present = present
        if present:
            self._mailbox.tell(on.CardPresented(ReceptionId(self._entropy.token(16).hex())))
        else:
            self._mailbox.tell_current(on.CardRemoved)
