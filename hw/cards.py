"""The bench's own cards: which may lie on the reader at all, and what may be sent to them.

A card is one of ours when its certificate comes from the test authority and the digest of its key is on the list; a
production card is refused even if somebody puts it on the list. Whoever speaks to a card does so by `hold` or `touch`:
both look whose card it is and whether its counters are full before anything else is sent, each time, because a card is
soon changed for another. What reaches the card is what `hw.card_guard` lets through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device.card import MyNumberCard, jpki, surface
from device.card.certificate import assess
from device.card.channel import Channel
from device.card.files import CardFile
from device.card.profiles import REFERENCE_NUMBER_B, Profile
from device.card.trust import CardTrust, Realm
from device.domain.errors import CardUnknown, CardUnreadable
from device.domain.secrets import Pin, ReferenceNumberB
from device.ports.card import CardReader
from hw.card_guard import GuardedConnection
from hw.errors import CannotMeasure, CardInDanger

HEAD_BYTES: Final = 256
"""Of the certificate: one answer, with serial number and issuer in it, so no two cards have the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCard:
    """One of the bench's cards."""

    name: str
    key_sha256: str
    """Of the public key in its certificate for authentication (DER, SubjectPublicKeyInfo)."""
    expendable: bool = False
    """Whether tries of it may be spent; such a card may end up blocked."""
    pin: Pin | None = field(default=None, compare=False)
    """Of an expendable card, for rigs that type it; a person at the bench knows it without this list."""
    front: ReferenceNumberB | None = field(default=None, compare=False)
    """What is printed on it, for whoever checks what a camera reads there."""
    photo: str = ""
    """A photo of its holder in models/photos.toml, for rigs with a display; another one than on the card."""


@dataclass(frozen=True, slots=True)
class _Known:
    """How a card begins that was looked at whole before."""

    head: bytes
    profile: Profile


@dataclass(frozen=True, slots=True)
class CardBox:
    """The bench's cards."""

    cards: tuple[GoldenCard, ...]
    _known: dict[GoldenCard, _Known] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of what the list allows to whom, for the record: who changes the list is seen in the next one."""
        told = ";".join(f"{card.name}:{card.key_sha256}:{'expendable' * card.expendable}" for card in self.cards)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def first(self) -> GoldenCard:
        """The card that plans use unless they need an expendable one. Raise CannotMeasure where there is none."""
        if not self.cards:
            raise CannotMeasure("the bench has no card of its own: list one in cards.toml")
        return self.cards[0]

    @property
    def second(self) -> GoldenCard:
        """Another one, to lie beside the first."""
        if len(self.cards) < 2:  # noqa: PLR2004  two
            raise CannotMeasure("the bench has only one card")
        return self.cards[1]

    @property
    def expendable(self) -> GoldenCard:
        """The first card whose tries may be spent."""
        for card in self.cards:
            if card.expendable:
                return card
        raise CannotMeasure("no card of the bench is marked expendable")

    @contextmanager
    def hold(self, reader: CardReader, wanted: GoldenCard) -> Iterator[MyNumberCard]:
        """Hold the card on the reader once it is the wanted one and its counters are full; otherwise CardInDanger.

        One wrong try may be spent of a card that is marked expendable on this list, and none of any other.
        """
        with GuardedConnection(reader.connect()) as connection:
            yield self.admit(connection, wanted)

    def admit(self, connection: GuardedConnection, wanted: GoldenCard) -> MyNumberCard:
        """Look at the card and say what `hold` says of it."""
        card, listed = self._examined(connection, (wanted,))
        if listed.expendable:
            connection.let_one_try_be_spent()
        return card

    def touch(
        self, reader: CardReader, *wanted: GoldenCard, besides: Collection[tuple[int, int]] = ()
    ) -> GuardedConnection:
        """Connect to the card on the reader, if it is one of these with full counters; otherwise CardInDanger.

        As `hold`, but quick: a card that was looked at whole before is known by how its certificate begins. `besides`
        as in `GuardedConnection`.
        """
        connection = GuardedConnection(reader.connect(), besides=besides)
        try:
            if not self._recognised(connection, wanted):
                self._examined(connection, wanted)
        except BaseException:
            connection.power_off()
            raise
        return connection

    def _recognised(self, connection: GuardedConnection, wanted: tuple[GoldenCard, ...]) -> bool:
        known = {self._known[card].head: card for card in wanted if card in self._known}
        if not known:
            return False
        channel = Channel(connection)
        try:
            jpki.select(channel)
            card = known.get(channel.read(CardFile.AUTH_CERTIFICATE, HEAD_BYTES))
        except CardUnknown as error:
            raise _stranger(error) from error
        if card is None:
            return False  # and looked at whole, it gets the right words
        profile = self._known[card].profile
        _require_full(card.name, jpki.pin_tries_left(channel, profile), surface.tries_left(channel), profile)
        return True

    def _examined(
        self, connection: GuardedConnection, wanted: tuple[GoldenCard, ...]
    ) -> tuple[MyNumberCard, GoldenCard]:
        try:
            card = MyNumberCard.identify(connection)
            if card.profile.certificate_needs_pin or card.profile.pin is None:
                raise CardInDanger(
                    "what lies there is a phone, or a card without PIN: the bench takes plain test cards"
                )
            certificate = card.read_certificate()
            realm = assess(certificate, CardTrust(Realm.TEST), None).realm
        except CardUnknown as error:
            raise _stranger(error) from error
        except CardUnreadable as error:
            raise CardInDanger(f"the card cannot be told for one of the bench's: {error}") from error
        if realm is not Realm.TEST:
            what = "a production card" if realm is Realm.PRODUCTION else "a card of an authority that nobody knows"
            raise CardInDanger(f"{what} lies there: the bench takes cards of the test authority alone")
        digest = key_digest(certificate)
        # By the list, and not by what was asked for: what may be done to a card is the list's word alone.
        listed = next((one for one in self.cards if one.key_sha256 == digest and one in wanted), None)
        if listed is None:
            names = " or ".join(repr(one.name) for one in wanted)
            raise CardInDanger(f"the card that lies there is not {names} of the bench's list")
        _require_full(listed.name, card.pin_tries_left(), card.reference_number_tries_left(), card.profile)
        self._known[listed] = _Known(certificate[:HEAD_BYTES], card.profile)
        return card, listed


def _require_full(name: str, pin: int, number: int, profile: Profile) -> None:
    full = profile.pin.full_tries if profile.pin else 0
    for what, left, most in (("PIN", pin, full), ("照合番号B", number, REFERENCE_NUMBER_B.full_tries)):
        if left < most:
            raise CardInDanger(f"{name}: {left} of {most} tries left for the {what}; reset it before it is used")


def _stranger(error: CardUnknown) -> CardInDanger:
    return CardInDanger(f"what lies there is no card of the bench: {error}")


def key_digest(certificate: bytes) -> str:
    """Return the digest by which a card is listed: SHA-256 of the certificate's public key."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
