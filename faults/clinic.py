"""A model of the clinic's consumer: believes, stores once, answers with a receipt, and writes the history of it.

The clinic's real program is in the campaign too (`faults.site`); this one takes thousands of lives in minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from cryptography import x509

from device.domain.errors import MessageError
from device.domain.values import UnitId
from device.sim.line import MemoryBroker
from device.wire import topics
from device.wire.codec import decode, encode
from device.wire.freshness import is_fresh
from device.wire.messages import Receipt, Result, SignedResult
from device.wire.sealing import verify
from faults.history import History, Taken


class ModelClinic:
    """Hears results on a broker in memory."""

    def __init__(
        self, broker: MemoryBroker, authority: x509.Certificate, now: Callable[[], datetime], history: History
    ) -> None:
        self._broker = broker
        self._authority = authority
        self._now = now
        self._history = history
        self._stored: set[str] = set()
        self.is_open = True
        broker.host(topics.Up.RESULT, self._hear)

    def knows(self, message_id: str) -> bool:
        """Return whether the result was stored before."""
        return message_id in self._stored

    def is_fresh(self, result: Result) -> bool:
        """Return whether this copy counts now."""
        return is_fresh(result.expires_at, self._now())

    def _hear(self, unit: UnitId, payload: bytes) -> None:
        if not self.is_open:
            return
        try:
            signed: SignedResult = decode(payload, SignedResult)
            inner = verify(signed.jws, speaker=unit, authority=self._authority, at=self._now())
            result: Result = decode(inner, Result)
        except MessageError:
            return
        receipt = Receipt(message_id=result.message_id, sequence=result.sequence, disposition=self._take(result))
        self._broker.publish(topics.down(unit, topics.Down.RECEIPT), encode(receipt))

    def _take(self, result: Result) -> Literal["stored", "duplicate", "stale"]:
        if self.knows(result.message_id):
            return "duplicate"
        if not self.is_fresh(result):
            return "stale"
        self._stored.add(result.message_id)
        self._history.entries.append(Taken(result.message_id, result.sequence, result.expires_at, self._now()))
        return "stored"
