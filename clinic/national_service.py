"""What stands behind the gateway: the port to the national service (`clinic.stand_in` has a stand-in).

The real service (オンライン資格確認等システム) is reached through an approved clinic's own line; its adapter would be
another implementation of `NationalService`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, NewType, Protocol

from cryptography import x509
from msgspec import Meta, Struct

from clinic.people import PublicExpense, Result

Birthdate = Annotated[str, Meta(pattern=r"^[12][0-9]{3}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$(?!\n)")]
"""yyyyMMdd."""

HolderRef = NewType("HolderRef", str)
"""The service's own word for one holder, good for one visit. It must not be the certificate's serial."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the service says of the holder of a certificate."""

    holder: HolderRef
    revoked: bool
    """The issuer withdrew the certificate."""
    registered: bool = True
    """False: the card is not an insurance card yet, and `register` would make it one."""
    public_expense: PublicExpense | None = None


@dataclass(frozen=True, slots=True)
class OnRecord:
    """The qualification on record, under official element names."""

    validity: str
    """資格有効性, OQSCD006: "1" to "6"."""
    results: tuple[Result, ...] = field(repr=False)
    """None, one and several are all normal."""
    name_has_unknown_characters: bool = False
    public_expense: PublicExpense | None = None


class InsuranceQuery(Struct, frozen=True, kw_only=True, tag="insurance"):
    """What the desk typed from a document: asks without a card. Never logged."""

    insurer_number: Annotated[str, Meta(pattern=r"^[0-9]{6,8}$(?!\n)")]
    number: Annotated[str, Meta(min_length=1, max_length=40)]
    """被保険者証番号."""
    birthdate: Birthdate
    symbol: Annotated[str, Meta(max_length=40)] | None = None
    branch: Annotated[str, Meta(pattern=r"^[0-9]{2}$(?!\n)")] | None = None

    def __repr__(self) -> str:
        return "InsuranceQuery()"


class PersonQuery(Struct, frozen=True, kw_only=True, tag="person"):
    """Who somebody is, as they say it: asks without card and document, in a disaster only. Never logged."""

    kana: Annotated[str, Meta(min_length=1, max_length=100)]
    """Half-width, as on record."""
    birthdate: Birthdate

    def __repr__(self) -> str:
        return "PersonQuery()"


Query = InsuranceQuery | PersonQuery


class Lookup(Protocol):
    """The other way in, without a card: for an outage, for fall-back documents, in a disaster."""

    def look_up(self, query: Query) -> OnRecord:
        """Return what is on record.

        Raise Fault(SERVICE_UNREACHABLE) when nobody answers in time, MessageError for a question that cannot be asked
        this way.
        """


class NationalService(Protocol):
    """Every verb raises Fault(SERVICE_UNREACHABLE) when the service cannot be asked."""

    def find_holder(self, certificate: x509.Certificate) -> Standing | None:
        """Return who holds this (already proven) certificate; None for a card that is not and cannot be registered."""

    def register(self, holder: HolderRef) -> None:
        """Make a named holder's card an insurance card (利用登録). Harmless when repeated."""

    def qualification_of(self, holder: HolderRef) -> OnRecord:
        """Return what is on record for a holder that `find_holder` named."""
