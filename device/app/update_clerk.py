"""Does what the fleet orders about updates: checks who ordered, does each order once, writes down how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from cryptography import x509

from device.app.updating import Updating
from device.domain.errors import UpdateRefused
from device.ports.updates import UpdateSource
from device.update.jobs import Begin, JobBook, ended, hear, taken_on, woken
from device.wire.codec import decode
from device.wire.fleet import SignedOrder
from device.wire.rollout import OVER, UpdateOrder, UpdateReport
from device.wire.sealing import verify
from device.wire.services import FLEET

Say = Callable[[UpdateReport], None]


@dataclass(slots=True, kw_only=True)
class UpdateClerk:
    """One unit's orders. `keep` puts the book on the disk; `say` hears each report after it was kept."""

    unit: str
    authority: x509.Certificate
    """Whoever it names as the fleet's service is obeyed."""
    updating: Updating
    source: Callable[[], UpdateSource]
    book: JobBook
    keep: Callable[[bytes], object]
    say: Say

    def start(self) -> None:
        """End what a power cut left open, and say so."""
        for report in self.book.reports:
            if report.state not in OVER:
                self._note(woken(report, version=self.updating.installed(report.part) or ""))

    def handle(self, payload: bytes) -> None:
        """Take one `signed_order`. Raise MessageError where it is not the fleet's, or not for this unit."""
        signed: SignedOrder = decode(payload, SignedOrder)
        now = self.updating.clock.utc_now()
        plain = verify(signed.jws, speaker=FLEET, authority=self.authority, at=now)
        order: UpdateOrder = decode(plain, UpdateOrder)
        if order.unit != self.unit:
            return
        decided = hear(self.book, order, version=self._version(order), now=now)
        if self.book.about(order.job_id) is None:
            self._note(decided.report)
        else:
            self.say(decided.report)
        if isinstance(decided, Begin):
            self._do(order)

    def _do(self, order: UpdateOrder) -> None:
        self._note(taken_on(order, version=self._version(order), state="running"))
        refusal, detail = None, ""
        try:
            if order.action == "take":
                self.updating.apply(order.part, self.source(), wanted=order.version)
            else:
                self.updating.rollback(order.part)
        except UpdateRefused as refused:
            refusal, detail = refused.refusal, str(refused)
        self._note(ended(order, version=self._version(order), refusal=refusal, detail=detail))

    def _version(self, order: UpdateOrder) -> str:
        return self.updating.installed(order.part) or ""

    def _note(self, report: UpdateReport) -> None:
        self.book = self.book.noted(report)
        self.keep(msgspec.json.encode(self.book))
        self.say(report)
