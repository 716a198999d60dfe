"""What lies on the reader, found out without spending a try and without asking for anything secret.

Only SELECT, READ BINARY and the question about counters (a VERIFY without a body) go to the card. Who holds the card
stays on the card: by default a report knows the months of the certificate's validity, not the days, because a
certificate ends on its holder's birthday (facts: card.md, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from device.app.card_certificate import CertificateLook, look_at
from device.card import MyNumberCard
from device.card.certificate import Validity
from device.card.my_number_card import PORTRAIT_FLOOR
from device.card.trust import CardTrust, Chain, Realm
from device.domain.errors import CardError, CardLost, CardUnknown, CardUnreadable, SeveralCards
from device.domain.values import CardKind, PinUse

if TYPE_CHECKING:
    from device.ports.card import CardConnection

T = TypeVar("T")


class Finding(StrEnum):
    """Something that a person should know about the card; its words are in `card_words`."""

    NOT_MY_NUMBER_CARD = "not_my_number_card"
    SEVERAL_CARDS = "several_cards"
    MUTE = "mute"
    UNREADABLE = "unreadable"
    TEST_CARD = "test_card"
    ISSUER_UNKNOWN = "issuer_unknown"
    ANCHOR_UNKNOWN = "anchor_unknown"
    CERTIFICATE_FORGED = "certificate_forged"
    CLOCK_UNCERTAIN = "clock_uncertain"
    PIN_BLOCKED = "pin_blocked"
    PIN_LAST_TRY = "pin_last_try"
    PIN_ON_THE_PHONE = "pin_on_the_phone"
    NO_PIN = "no_pin"
    COUNTER_UNREADABLE = "counter_unreadable"
    PORTRAIT_BLOCKED = "portrait_blocked"
    PORTRAIT_FEW_TRIES = "portrait_few_tries"
    NO_PORTRAIT = "no_portrait"
    INSTITUTION_ONLY = "institution_only"
    CERTIFICATE_BEHIND_PIN = "certificate_behind_pin"
    CERTIFICATE_UNREADABLE = "certificate_unreadable"
    CERTIFICATE_NOT_YET = "certificate_not_yet"
    CERTIFICATE_EXPIRES_SOON = "certificate_expires_soon"
    CERTIFICATE_IN_GRACE = "certificate_in_grace"
    CERTIFICATE_EXPIRED = "certificate_expired"


NOTICES = frozenset(
    {
        Finding.TEST_CARD,
        Finding.ANCHOR_UNKNOWN,
        Finding.CLOCK_UNCERTAIN,
        Finding.PIN_ON_THE_PHONE,
        Finding.NO_PIN,
        Finding.NO_PORTRAIT,
        Finding.INSTITUTION_ONLY,
        Finding.CERTIFICATE_BEHIND_PIN,
        Finding.CERTIFICATE_EXPIRES_SOON,
    }
)
"""Findings that are as they should be; every other one is something wrong."""

_OF_VALIDITY = {
    Validity.NOT_YET: Finding.CERTIFICATE_NOT_YET,
    Validity.EXPIRES_SOON: Finding.CERTIFICATE_EXPIRES_SOON,
    Validity.IN_GRACE: Finding.CERTIFICATE_IN_GRACE,
    Validity.EXPIRED: Finding.CERTIFICATE_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Judge:
    """What a certificate is held against."""

    now: datetime
    clock_certain: bool = True
    """Something vouches for the clock; otherwise the calendar's word is told with a reservation."""
    trust: CardTrust = CardTrust()  # noqa: RUF009  frozen, without anchors


@dataclass(frozen=True, slots=True)
class CardReport:
    """What was found. `None` stands for what this card does not have or did not tell."""

    kind: CardKind | None
    has_surface: bool
    pin_tries_left: int | None
    portrait_tries_left: int | None
    """The counter of 照合番号B."""
    certificate: CertificateLook | None
    findings: tuple[Finding, ...]
    detail: str | None = None
    """For the technician: what the card answered where it could not be read. Holds no data of the card."""

    @property
    def pin_works(self) -> bool:
        """The holder can be verified by PIN at the unit."""
        return self.pin_tries_left is not None and self.pin_tries_left > 0

    @property
    def phone_unlocks(self) -> bool:
        """The holder unlocks the key on the phone itself, and no PIN is asked for here."""
        return Finding.PIN_ON_THE_PHONE in self.findings

    @property
    def portrait_works(self) -> bool:
        """The portrait can be opened with what is printed on the card."""
        return self.portrait_tries_left is not None and self.portrait_tries_left >= PORTRAIT_FLOOR

    @property
    def well(self) -> bool:
        """Nothing is wrong with the card."""
        return NOTICES.issuperset(self.findings)


def examine(connection: CardConnection, judge: Judge) -> CardReport:
    """Find out what can be known of the card. Raise CardLost when it leaves meanwhile; every other trouble is found."""
    try:
        card = MyNumberCard.identify(connection)
    except CardUnknown as error:
        return _nothing(Finding.NOT_MY_NUMBER_CARD, error)
    except CardUnreadable as error:
        return _nothing(Finding.UNREADABLE, error)
    return _Examination(card, judge).report()


def without_connection(error: CardUnreadable | SeveralCards) -> CardReport:
    """Return the report where the reader could connect to no card: one that does not answer to power, or several."""
    return _nothing(Finding.SEVERAL_CARDS if isinstance(error, SeveralCards) else Finding.MUTE, error)


class _Examination:
    """One card, asked one thing after the other; what it does not answer becomes a finding."""

    def __init__(self, card: MyNumberCard, judge: Judge) -> None:
        self._card = card
        self._judge = judge
        self._findings: list[Finding] = []
        self._detail: str | None = None

    def report(self) -> CardReport:
        kind = self._card.facts.kind
        pin = self._pin()
        portrait = self._portrait()
        certificate = self._certificate()
        if certificate is not None and certificate.found.realm is Realm.TEST and kind is CardKind.PLASTIC:
            kind = CardKind.TEST
        return CardReport(
            kind=kind,
            has_surface=self._card.facts.has_surface,
            pin_tries_left=pin,
            portrait_tries_left=portrait,
            certificate=certificate,
            findings=tuple(self._findings),
            detail=self._detail,
        )

    def _pin(self) -> int | None:
        if self._card.profile.pin_use is not PinUse.UNIT:
            on_phone = self._card.profile.pin_use is PinUse.PHONE
            self._findings.append(Finding.PIN_ON_THE_PHONE if on_phone else Finding.NO_PIN)
            return None
        tries = self._ask(self._card.pin_tries_left, otherwise=Finding.COUNTER_UNREADABLE)
        if tries == 0:
            self._findings.append(Finding.PIN_BLOCKED)
        elif tries == 1:
            self._findings.append(Finding.PIN_LAST_TRY)
        return tries

    def _portrait(self) -> int | None:
        if not self._card.facts.has_surface:
            self._findings.append(Finding.NO_PORTRAIT)
            return None
        tries = self._ask(self._card.reference_number_tries_left, otherwise=Finding.COUNTER_UNREADABLE)
        if tries == 0:
            self._findings.append(Finding.PORTRAIT_BLOCKED)
        elif tries is not None and tries < PORTRAIT_FLOOR:
            self._findings.append(Finding.PORTRAIT_FEW_TRIES)
        self._findings.append(Finding.INSTITUTION_ONLY)
        return tries

    def _certificate(self) -> CertificateLook | None:
        if self._card.profile.certificate_needs_pin:
            self._findings.append(Finding.CERTIFICATE_BEHIND_PIN)
            return None
        der = self._ask(self._card.read_certificate, otherwise=Finding.CERTIFICATE_UNREADABLE)
        if der is None:
            return None
        look = self._ask(
            lambda: look_at(
                der, self._judge.trust, self._judge.now, months_of_grace=self._card.profile.months_of_grace
            ),
            otherwise=Finding.CERTIFICATE_UNREADABLE,
        )
        if look is not None:
            self._findings += self._judged(look)
        return look

    def _judged(self, look: CertificateLook) -> Iterator[Finding]:
        if look.found.realm is not Realm.PRODUCTION:
            yield Finding.TEST_CARD if look.found.realm is Realm.TEST else Finding.ISSUER_UNKNOWN
        if look.found.origin.chain is Chain.INVALID:
            yield Finding.CERTIFICATE_FORGED
        elif look.found.origin.chain is Chain.ANCHOR_UNKNOWN and self._judge.trust.certificates:
            yield Finding.ANCHOR_UNKNOWN
        if look.found.validity in _OF_VALIDITY:
            yield _OF_VALIDITY[look.found.validity]
        if not self._judge.clock_certain:
            yield Finding.CLOCK_UNCERTAIN

    def _ask(self, question: Callable[[], T], *, otherwise: Finding) -> T | None:
        try:
            return question()
        except CardLost:
            raise
        except CardError as error:
            self._findings.append(otherwise)
            self._detail = self._detail or str(error)
            return None


def _nothing(finding: Finding, error: CardError) -> CardReport:
    return CardReport(
        kind=None,
        has_surface=False,
        pin_tries_left=None,
        portrait_tries_left=None,
        certificate=None,
        findings=(finding,),
        detail=str(error),
    )
