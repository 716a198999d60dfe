"""The card's side of a visit: each method runs on the card's lane and tells the mailbox what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from device.app.mailbox import Mailbox
from device.app.memory import VisitorMemory
from device.app.workers import Lane, Workers
from device.card import MyNumberCard, PortraitCheck, status
from device.card.certificate import Validity, assess
from device.card.my_number_card import PORTRAIT_FLOOR
from device.card.profiles import ToldBy, told_apart
from device.card.refused import KEY_BYTES, RefusedByCard, RefusedNumbers
from device.card.surface import Portrait, ReferenceNumberRefused
from device.card.trust import CardTrust, Chain, Realm
from device.domain.errors import CardLost, CardUnreadable, PinBlocked, PinRejected, UketsukeError
from device.domain.reasons import Reason
from device.domain.secrets import Pin
from device.domain.values import Assurance, CardFacts, CardKind, ReceptionId
from device.ports.camera import CardFront
from device.ports.card import CardConnection, CardReader
from device.ports.clock import Clock
from device.ports.entropy import Entropy
from device.ports.institution import InstitutionCredential
from device.reception import events as on
from device.reception.events import Event

log = logging.getLogger(__name__)

CHALLENGE_BYTES = 32
NOTICES = {Validity.EXPIRES_SOON: Reason.CERTIFICATE_EXPIRES_SOON, Validity.IN_GRACE: Reason.CERTIFICATE_IN_GRACE}
FRONT_TIMEOUT_S = 10.0
"""For readings of the card's front that agree; the visit has a time of its own for the whole match."""


class CardDesk:
    """Holds the card's connection from `read` to `release`."""

    def __init__(
        self,
        *,
        reader: CardReader,
        institution: InstitutionCredential | None,
        trust: CardTrust,
        workers: Workers,
        mailbox: Mailbox,
        clock: Clock,
        entropy: Entropy,
        portrait_floor: int = PORTRAIT_FLOOR,
    ) -> None:
        """With fewer tries of 照合番号B than `portrait_floor` left on the card, none is spent here."""
        self._reader = reader
        self._institution = institution
        self._trust = trust
        self._clock = clock
        self._entropy = entropy
        self._workers = workers
        self._mailbox = mailbox
        self._portrait_floor = portrait_floor
        self._refused = RefusedNumbers(entropy.token(KEY_BYTES))
        self._connection: CardConnection | None = None
        self._card: MyNumberCard | None = None

    def read(self, memory: VisitorMemory) -> None:
        """Identify the card and read its certificate. → CardRead."""

        def job() -> None:
            self._power_off()
            self._connection = self._reader.connect()
            self._card = MyNumberCard.identify(self._connection)
            facts = self._card.facts
            certificate = None
            if not self._card.profile.certificate_needs_pin:
                certificate = self._card.read_certificate()
                facts = self._judged(self._card, certificate)

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
        """Show the PIN to the card, exactly once, and wipe it. → PinAccepted, PinRefused, PinUnanswered."""
        certificate = memory.certificate

        def job() -> None:
            card = self._present_card()
            try:
                card.verify_pin(pin)
            except CardLost:
                # Nobody knows whether the try was counted, so nothing is said before the card has been asked.
                self._mailbox.tell(on.PinUnanswered(memory.reception, self._tries_of_the_same(certificate)))
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
            signature = _sign(card, challenge, assurance)
            proving_certificate = certificate
            if proving_certificate is None:
                proving_certificate = card.read_certificate()
                self._judged(card, proving_certificate)

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
        front: CardFront,
        then: Callable[[bytes], None],
        failed: Callable[[Reason], None],
    ) -> None:
        """Read the number on the card's front, open the portrait with it and hand on the JPEG 2000, or why not."""
        certificate = memory.certificate

        def job() -> None:
            refused = self._refused.of(certificate or str(memory.reception).encode())
            try:
                portrait = self._portrait(self._present_card(), front, refused)
            except CardLost:
                raise
            except UketsukeError as error:
                # The card may still serve by PIN: what is wrong with its portrait ends the face path, not the visit.
                log.warning("no portrait: %s", error.reason)
                failed(error.reason)
                return
            if portrait.origin.chain is not Chain.VALID:
                log.warning("a portrait was used whose signer is not among the anchors of this unit")
            then(portrait.jp2)

        self._submit(memory.reception, job)

    def compare(self, memory: VisitorMemory) -> None:
        """Tell whether the card that lies there now is the visit's own. → CardSame, CardDiffers."""
        certificate = memory.certificate

        def job() -> None:
            try:
                self._take_up_the_same(certificate)
            except UketsukeError as error:
                log.info("not the card that was lifted: %s", error)
                self._mailbox.tell(on.CardDiffers(memory.reception))
            else:
                self._mailbox.tell(on.CardSame(memory.reception))

        self._submit(memory.reception, job)

    def release(self) -> None:
        """Power the card off: a verified PIN must not outlive the visit."""
        self._workers.submit(Lane.CARD, self._power_off)

    def close(self) -> None:
        """Forget what cards have refused: the unit stops."""
        self._refused.wipe()

    def _portrait(self, card: MyNumberCard, front: CardFront, refused: RefusedByCard) -> Portrait:
        """Return the portrait. Raise CardUnreadable where the counter, the front or the card is against it."""
        tries = card.reference_number_tries_left()
        refused.counted(tries)
        if tries < self._portrait_floor:
            raise ReferenceNumberRefused(tries_left=tries, sent=False)
        number = front.read(FRONT_TIMEOUT_S, refused)
        if number is None:
            raise CardUnreadable("the card's front cannot be read", reason=Reason.FRONT_UNREADABLE)
        try:
            if refused(number):  # whatever reads fronts, nothing wrong goes out twice
                raise CardUnreadable("the card's front was read wrongly again", reason=Reason.FRONT_UNREADABLE)
            refused.sent(number, tries)
            portrait = card.read_portrait(number, self._portrait_check(), floor=self._portrait_floor)
        except ReferenceNumberRefused as error:
            refused.answered(refused=error.sent)
            raise
        finally:
            number.wipe()
        refused.answered(refused=False)
        return portrait

    def _present_card(self) -> MyNumberCard:
        if self._card is None:
            raise CardLost("the card was released")
        return self._card

    def _judged(self, card: MyNumberCard, certificate: bytes) -> CardFacts:
        """Return what the visit may know of the card. Raise CardUnreadable where the visit has no use going on.

        An authority that is not known here is left to the gateway: only what is certain ends a visit early.
        """
        now = self._clock.utc_now_if_trusted()
        found = assess(certificate, self._trust, now, months_of_grace=card.profile.months_of_grace)
        if found.realm is Realm.TEST and self._trust.realm is Realm.PRODUCTION:
            raise CardUnreadable("a card of the test authority", reason=Reason.TEST_CARD)
        if found.origin.chain is Chain.INVALID or found.validity is Validity.NOT_YET:
            raise CardUnreadable("the card's certificate does not hold", reason=Reason.CERTIFICATE_NOT_TRUSTED)
        if found.validity is Validity.EXPIRED:
            raise CardUnreadable("the card's certificate has expired", reason=Reason.CERTIFICATE_EXPIRED)
        facts = replace(card.facts, notice=NOTICES.get(found.validity))
        test_card = told_apart(card.profile, ToldBy.ISSUER) if found.realm is Realm.TEST else None
        is_plastic = card.profile.kind is CardKind.PLASTIC
        return replace(facts, kind=test_card.kind) if test_card and is_plastic else facts

    def _portrait_check(self) -> PortraitCheck:
        return PortraitCheck(
            challenge=self._entropy.token(CHALLENGE_BYTES),
            anchors=self._trust.surfaces,
            unknown_anchor_goes_on=self._trust.unknown_surface_goes_on,
        )

    def _tries_of_the_same(self, certificate: bytes | None) -> int:
        """Take contact up again and ask for the PIN counter. Raise CardLost unless it is the same card for certain."""
        return self._take_up_the_same(certificate).pin_tries_left()

    def _take_up_the_same(self, certificate: bytes | None) -> MyNumberCard:
        self._power_off()
        self._connection = self._reader.connect()
        card = MyNumberCard.identify(self._connection)
        if certificate is None or card.read_certificate() != certificate:
            # A phone that shows its certificate only after the PIN cannot be told from the next visitor's.
            raise CardLost("another card, or one that does not show which one it is")
        self._card = card
        return card

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


def _sign(card: MyNumberCard, challenge: bytes, assurance: Assurance) -> bytes:
    try:
        return card.sign(challenge)
    except CardUnreadable as error:
        if assurance is Assurance.PHONE_SIGNATURE and error.sw == status.NOT_VERIFIED:
            raise CardUnreadable("the phone keeps its key locked", sw=error.sw, reason=Reason.PHONE_LOCKED) from error
        raise
