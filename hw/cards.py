"""The bench's own cards: which may lie on the reader at all, and what may be sent to them.

A card is one of ours when its certificate comes from the test authority and the digest of its key is on the list; a
production card is refused even if somebody puts it on the list. Counters are read before anything else, and a VERIFY
leaves this file towards a card that is marked expendable alone: everything else is held back in `GuardedConnection`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from device.card import MyNumberCard
from device.card.certificate import assess
from device.card.profiles import REFERENCE_NUMBER_B
from device.card.trust import CardTrust, Realm
from device.domain.errors import CardUnknown, CardUnreadable
from device.ports.card import CardConnection, CardReader
from hw.errors import BadLimits, CannotMeasure, CardInDanger

_INS, _BODY_LENGTH = 1, 4
_SPENDS: Final = {0x20: "VERIFY", 0x24: "CHANGE REFERENCE DATA", 0x2C: "RESET RETRY COUNTER"}
_DIGEST_CHARACTERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCard:
    """One of the bench's cards."""

    name: str
    key_sha256: str
    """Of the public key in its certificate for authentication (DER, SubjectPublicKeyInfo)."""
    expendable: bool = False
    """Whether tries of it may be spent; such a card may end up blocked."""


@dataclass(frozen=True, slots=True)
class CardBox:
    """The bench's cards."""

    cards: tuple[GoldenCard, ...]

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
    def hold(self, reader: CardReader, wanted: GoldenCard) -> Iterator[Held]:
        """Hold the card on the reader once it is the wanted one and its counters are full; otherwise CardInDanger."""
        with GuardedConnection(reader.connect()) as connection:
            card = self._checked(connection, wanted)
            connection.may_spend = wanted.expendable
            yield Held(card, connection)

    def _checked(self, connection: GuardedConnection, wanted: GoldenCard) -> MyNumberCard:
        try:
            card = MyNumberCard.identify(connection)
            if card.profile.certificate_needs_pin or card.profile.pin is None:
                raise CardInDanger(
                    "what lies there is a phone, or a card without PIN: the bench takes plain test cards"
                )
            certificate = card.read_certificate()
            realm = assess(certificate, CardTrust(Realm.TEST), None).realm
        except CardUnknown as error:
            raise CardInDanger(f"what lies there is no card of the bench: {error}") from error
        except CardUnreadable as error:
            raise CardInDanger(f"the card cannot be told for one of the bench's: {error}") from error
        if realm is not Realm.TEST:
            raise CardInDanger("a production card lies there: the bench takes cards of the test authority alone")
        if key_digest(certificate) != wanted.key_sha256:
            raise CardInDanger(f"the card that lies there is not {wanted.name!r} of the bench's list")
        for what, left, full in (
            ("PIN", card.pin_tries_left(), card.profile.pin.full_tries),
            ("照合番号B", card.reference_number_tries_left(), REFERENCE_NUMBER_B.full_tries),
        ):
            if left < full:
                raise CardInDanger(
                    f"{wanted.name}: {left} of {full} tries left for the {what}; reset it before it is used"
                )
        return card


@dataclass(frozen=True, slots=True)
class Held:
    """A card of the bench in the field, and the connection to it."""

    card: MyNumberCard
    connection: GuardedConnection


class GuardedConnection:
    """A `CardConnection` that lets nothing through that a card counts, unless the card may be spent."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self.may_spend = False

    def transmit(self, apdu: bytes | bytearray) -> tuple[bytes, int]:
        """Pass one command on. Raise CardInDanger for one that might cost a try."""
        command = _SPENDS.get(apdu[_INS])
        asks_for_the_counter = command == "VERIFY" and len(apdu) <= _BODY_LENGTH
        if command and not asks_for_the_counter and not self.may_spend:
            raise CardInDanger(f"{command} was held back: this card is not marked expendable")
        return self._connection.transmit(apdu)

    def power_off(self) -> None:
        """Cut the card's power."""
        self._connection.power_off()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.power_off()


def key_digest(certificate: bytes) -> str:
    """Return the digest by which a card is listed: SHA-256 of the certificate's public key."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(slots=True)
class _Seen:
    names: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)


def load_cards(path: Path) -> CardBox:
    """Read the list. Raise BadLimits naming the file and the card; a station without a list has no cards."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return CardBox(())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadLimits(f"{path.name}: {error}") from error
    seen = _Seen()
    tables = raw.get("card", [])
    if raw.keys() - {"card"} or not isinstance(tables, list):
        raise BadLimits(f"{path.name}: it holds tables [[card]] and nothing else")
    return CardBox(tuple(_card(path.name, number, table, seen) for number, table in enumerate(tables, start=1)))


def _card(file: str, number: int, table: object, seen: _Seen) -> GoldenCard:
    where = f"{file}: card {number}"
    match table:
        case {"name": str(name), "key_sha256": str(digest), **rest} if name:
            expendable = rest.pop("expendable", False)
            if rest or not isinstance(expendable, bool):
                raise BadLimits(f"{where}: a card has name, key_sha256 and perhaps expendable = true")
            if len(digest) != _DIGEST_CHARACTERS or set(digest) - set("0123456789abcdef"):
                raise BadLimits(f"{where}: key_sha256 is {_DIGEST_CHARACTERS} characters 0-9a-f")
            if name in seen.names or digest in seen.digests:
                raise BadLimits(f"{where}: name or key is on the list already")
            seen.names.add(name)
            seen.digests.add(digest)
            return GoldenCard(name=name, key_sha256=digest, expendable=expendable)
        case _:
            raise BadLimits(f"{where}: a card has name, key_sha256 and perhaps expendable = true")
