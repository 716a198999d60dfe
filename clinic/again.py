"""Asks again for visits that ended without an answer, and for what the desk typed; puts answers where the visits are.

An answer takes the same way as any other: signed and sealed by the gateway's half, opened and checked by the
consumer's. It counts once somebody at the desk accepts it.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Literal

import msgspec
from cryptography import x509

from clinic.answer import open_answer
from clinic.health import SERVICE, Health, Trouble
from clinic.inquiry import Answered, Inquiry, Proven, Wishes
from clinic.keys import KeyRing
from clinic.national_service import Lookup, Query
from clinic.pending import KEEP_EVIDENCE, Pending, PendingQuery, PendingStore, PendingVisit
from clinic.record import LateAnswer
from clinic.store import Store
from clinic.verdict import PROVISIONAL_REASONS
from device.domain.errors import Fault, MessageError
from device.domain.reasons import Reason
from device.domain.values import ReceptionId
from device.wire.sealing import unseal

log = logging.getLogger(__name__)


class AskAgain:
    """Works off what is pending. For one thread."""

    def __init__(
        self,
        store: Store,
        inquiry: Inquiry,
        lookup: Lookup,
        *,
        keys: KeyRing,
        authority: x509.Certificate,
        health: Health,
    ) -> None:
        """Ask `inquiry` with evidence and `lookup` with what was typed; open answers with the consumer's `keys`."""
        self._store = store
        self._pending = PendingStore(store)
        self._inquiry = inquiry
        self._lookup = lookup
        self._keys = keys
        self._authority = authority
        self._health = health

    def work(self, now: datetime) -> bool:
        """Ask for everything that is due; False when the service is (still) away. Raise Fault when the disk refuses."""
        for pending in self._pending.all():
            if now - pending.asked_at >= KEEP_EVIDENCE or self._is_over(pending):
                self._pending.settle(pending.reception)
            elif self._may_ask(pending):
                try:
                    late = self._ask(pending, now)
                except Fault as error:
                    self._health.note(SERVICE, Trouble.SERVICE_DOWN, str(error), now)
                    return False
                self._health.clear(SERVICE, Trouble.SERVICE_DOWN)
                self._store.put_late_answer(late)
                self._pending.settle(pending.reception)
        return True

    def _is_over(self, pending: Pending) -> bool:
        # Somebody who cancelled, or was answered after all, is not looked up behind their back.
        visit = self._store.visit(pending.reception)
        own = isinstance(pending, PendingVisit)
        return own and visit is not None and visit.record.reason not in PROVISIONAL_REASONS

    def _may_ask(self, pending: Pending) -> bool:
        """The unit's word on how the visit ended comes first: it may be on its way."""
        return self._store.visit(pending.reception) is not None

    def _ask(self, pending: Pending, now: datetime) -> LateAnswer:
        source: Literal["certificate", "typed"] = "certificate" if isinstance(pending, PendingVisit) else "typed"
        try:
            answered = self._by_card(pending, now) if isinstance(pending, PendingVisit) else self._typed(pending, now)
            answer = open_answer(
                answered.sealed, keys=self._keys.all, authority=self._authority, reception=pending.reception, now=now
            )
        except MessageError as error:
            # An answer as well: not registered, revoked, or not to be asked this way.
            log.info("%s: asked again, refused: %s: %s", pending.reception, error.reason, error)
            if error.reason is Reason.SERVICE_REFUSED:
                self._health.note(SERVICE, Trouble.TERMINAL_ANSWER, str(error), now)
            return LateAnswer(
                reception=pending.reception,
                reason=error.reason,
                notices=[],
                qualification=None,
                answered_at=now,
                source=source,
            )
        return LateAnswer(
            reception=pending.reception,
            reason=answered.reason,
            notices=answered.notices,
            qualification=answer.qualification,
            answered_at=now,
            source=source,
        )

    def _by_card(self, pending: PendingVisit, now: datetime) -> Answered:
        # Judged at the time of the visit: what was good then does not expire by our waiting.
        certificate, proven = self._inquiry.prove(pending.evidence, pending.challenge, pending.asked_at)
        standing = self._inquiry.standing_of(certificate)
        if not standing.registered:
            raise MessageError("card not registered", reason=Reason.NOT_REGISTERED)
        record = self._inquiry.service.qualification_of(standing.holder)
        wishes = Wishes(
            consents=pending.consents,
            prescription=pending.prescription,
            public_expense=pending.public_expense,
            emergency=pending.emergency,
        )
        reception = ReceptionId(pending.reception)
        return self._inquiry.answer(record, proven, wishes, reception=reception, now=now, asked_at=pending.asked_at)

    def _typed(self, pending: PendingQuery, now: datetime) -> Answered:
        query: Query = msgspec.json.decode(unseal(pending.query, *self._inquiry.keys.all), type=Query)
        record = self._lookup.look_up(query)
        items = self._inquiry.policy.questions.ask_consent if pending.mode == "disaster" else ()
        wishes = Wishes(
            consents=dict.fromkeys(items, bool(pending.consent)),
            emergency=pending.mode == "disaster" and pending.consent is None,
        )
        return self._inquiry.answer(
            record,
            Proven(None, None, None),
            wishes,
            reception=ReceptionId(pending.reception),
            now=now,
            asked_at=pending.asked_at,
            mode=pending.mode,
        )
