"""A model of the clinic's consumer: believes, stores once, answers with a receipt, and writes the history of it.

The clinic's real program is in the campaign too (`faults.site`); this one takes thousands of lives in minutes.
"""

from __future__ import annotations

from collections import deque
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
from device.wire.messages import Result, SignedResult
from device.wire.receipts import acknowledge
from device.wire.said import sign_receipt
from device.wire.sealing import Signer, verify
from faults.history import History, Taken


class ModelClinic:
    """Hears results on a broker in memory."""

    def __init__(
        self,
        broker: MemoryBroker,
        authority: x509.Certificate,
        signer: Signer,
        now: Callable[[], datetime],
        history: History,
    ) -> None:
        self._broker = broker
        self._authority = authority
        self._signer = signer
        self._now = now
        self._history = history
        self._stored: set[str] = set()
        self.is_open = True
        self.said: deque[tuple[str, bytes]] = deque(maxlen=200)
        """What an eavesdropper has of its receipts."""
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
            copy = verify(signed.jws, speaker=unit, authority=self._authority, at=self._now())
            result: Result = decode(copy, Result)
        except MessageError:
            return
        receipt = acknowledge(copy, unit, self._take(result), at=self._now(), reason=None)
        said = topics.down(unit, topics.Down.RECEIPT), encode(sign_receipt(receipt, self._signer))
        self.said.append(said)
        self._broker.publish(*said)

    def _take(self, result: Result) -> Literal["stored", "duplicate", "stale"]:
        if self.knows(result.message_id):
            return "duplicate"
        if not self.is_fresh(result):
            return "stale"
        self._stored.add(result.message_id)
        self._history.entries.append(Taken(result.message_id, result.sequence, result.expires_at, self._now()))
        return "stored"
