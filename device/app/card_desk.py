"""The card's side of a visit: each method runs on the card's lane and tells the mailbox what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from device.app.mailbox import Mailbox
from device.app.memory import VisitorMemory
from device.app.workers import Lane, Workers
from device.card.my_number_card import MyNumberCard
from device.domain.errors import CardLost, PinBlocked, PinRejected, UketsukeError
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.domain.values import Assurance, ReceptionId
from device.ports.card import CardConnection, CardReader
from device.ports.institution import InstitutionCredential
from device.reception import events as on
from device.reception.events import Event

if TYPE_CHECKING:
    from device.domain.secrets import ReferenceNumberB

log = logging.getLogger(__name__)


class CardDesk:
    """Holds the card's connection from `read` to `release`."""

    def __init__(
        self, *, reader: CardReader, institution: InstitutionCredential | None, workers: Workers, mailbox: Mailbox
    ) -> None:
        self._reader = reader
        self._institution = institution
        self._workers = workers
        self._mailbox = mailbox
        self._connection: CardConnection | None = None
        self._card: MyNumberCard | None = None

    def read(self, memory: VisitorMemory) -> None:
        """Identify the card and read its certificate. → CardRead."""

        def job() -> None:
            self._power_off()
            self._connection = self._reader.connect()
            self._card = MyNumberCard.identify(self._connection)
            facts = self._card.facts
            certificate = None if self._card.profile.certificate_needs_pin else self._card.read_certificate()

            def news() -> Event:
                memory.certificate = certificate
                return on.CardRead(memory.reception, facts)

            self._mailbox.post(news)

        self._submit(memory.reception, job)

    def count_tries(self, memory: VisitorMemory) -> None:
        """Ask the card for its PIN counter. → TriesCounted."""

        def job() -> None:
            self._mailbox.tell(on.TriesCounted(memory.reception, self._present_card().pin_tries_left()))

        self._submit(memory.reception, job)

    def verify(self, memory: VisitorMemory, pin: Pin) -> None:
        """Show the PIN to the card, exactly once, and wipe it. → PinAccepted, PinRefused."""

        def job() -> None:
            try:
                self._present_card().verify_pin(pin)
            except PinRejected as error:
                self._mailbox.tell(on.PinRefused(memory.reception, error.tries_left))
            except PinBlocked:
                self._mailbox.tell(on.PinRefused(memory.reception, 0))
            else:
                self._mailbox.tell(on.PinAccepted(memory.reception))
            finally:
                pin.wipe()

        self._submit(memory.reception, job)

    def prove(self, memory: VisitorMemory, assurance: Assurance) -> None:
        """Have the card sign the challenge. → ProofMade, ProofUnavailable."""
        challenge = memory.challenge
        certificate = memory.certificate

        def job() -> None:
            card = self._present_card()
            if challenge is None:
                raise UketsukeError("no challenge to sign", reason=Reason.INTERNAL_FAULT)
            if assurance is Assurance.FACE_INSTITUTION and not self._unlocked(card):
                self._mailbox.tell(on.ProofUnavailable(memory.reception))
                return
            signature = card.sign(challenge)
            proving_certificate = certificate or card.read_certificate()

            def news() -> Event:
                memory.signature = signature
                memory.certificate = proving_certificate
                return on.ProofMade(memory.reception)

            self._mailbox.post(news)

        self._submit(memory.reception, job)

    def fetch_portrait(
        self,
        memory: VisitorMemory,
        *,
        front: Callable[[], ReferenceNumberB | None],
        then: Callable[[bytes], None],
    ) -> None:
        """Read the number on the card's front, open the portrait with it and hand the JPEG 2000 on. → FaceFailed."""

        def job() -> None:
            try:
                number = front()
                if number is None:
                    self._mailbox.tell(on.FaceFailed(memory.reception, Reason.FRONT_UNREADABLE))
                    return
                try:
                    portrait = self._present_card().read_portrait(number)
                finally:
                    number.wipe()
            except CardLost:
                raise
            except UketsukeError as error:
                # The card may still serve by PIN: what is wrong with its portrait ends the face path, not the visit.
                log.warning("no portrait: %s", error.reason)
                self._mailbox.tell(on.FaceFailed(memory.reception, error.reason))
                return
            then(portrait)

        self._submit(memory.reception, job)

    def release(self) -> None:
        """Power the card off: a verified PIN must not outlive the visit."""
        self._workers.submit(Lane.CARD, self._power_off)

    def _present_card(self) -> MyNumberCard:
        if self._card is None:
            raise CardLost("the card was released")
        return self._card

    def _unlocked(self, card: MyNumberCard) -> bool:
        return self._institution is not None and card.unlock_by_institution(self._institution)

    def _power_off(self) -> None:
        self._card = None
        if self._connection is not None:
            self._connection.power_off()
            self._connection = None

    def _submit(self, reception: ReceptionId, job: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                job()
            except CardLost:
                self._mailbox.tell(on.CardRemoved(reception))
            except UketsukeError as error:
                log.warning("card: %s", error)
                self._mailbox.tell(on.CardFailed(reception, error.reason))
            except Exception as error:  # noqa: BLE001  the rim: whatever breaks, the visitor is told and the next visit works
                log.error("card lane: %s", type(error).__name__)  # noqa: TRY400  a traceback may quote what it handled
                self._mailbox.tell(on.CardFailed(reception, Reason.INTERNAL_FAULT))

        self._workers.submit(Lane.CARD, guarded)
