"""What stands behind the gateway: the port to the national service, and a stand-in fed from a file of people.

The real service (オンライン資格確認等システム) is reached through an approved clinic's own line; its adapter would be
another implementation of `NationalService`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType, Protocol

from cryptography import x509

from clinic.people import Person, PublicExpense

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
    """資格有効性, OQSCD006: "1" to "5"."""
    results: tuple[Mapping[str, str], ...] = field(repr=False)
    """Elements of each `ResultOfQualificationConfirmation`; none, one and several are all normal."""
    name_has_unknown_characters: bool = False
    public_expense: PublicExpense | None = None


class NationalService(Protocol):
    """Every verb raises Fault(SERVICE_UNREACHABLE) when the service cannot be asked."""

    def find_holder(self, certificate: x509.Certificate) -> Standing | None:
        """Return who holds this (already proven) certificate; None for a card that is not and cannot be registered."""

    def register(self, holder: HolderRef) -> None:
        """Make a named holder's card an insurance card (利用登録). Harmless when repeated."""

    def qualification_of(self, holder: HolderRef) -> OnRecord:
        """Return what is on record for a holder that `find_holder` named."""


class StandInService:
    """Answers from invented people, at once, and never differently for the same person."""

    def __init__(self, people: Mapping[int, Person]) -> None:
        self._people = people
        # A reference that is no serial: the gateway may keep it for a visit, a serial it may not.
        self._by_reference = {HolderRef(f"person-{number}"): person for number, person in enumerate(people.values())}
        self._registered = {person.serial for person in people.values() if person.registered}
        self._references = {person.serial: reference for reference, person in self._by_reference.items()}

    def find_holder(self, certificate: x509.Certificate) -> Standing | None:
        """Look the certificate's serial up in the file."""
        person = self._people.get(certificate.serial_number)
        if person is None:
            return None
        registered = person.serial in self._registered
        if not registered and not person.registrable:
            return None
        return Standing(
            self._references[person.serial],
            revoked=person.revoked,
            registered=registered,
            public_expense=person.public_expense,
        )

    def register(self, holder: HolderRef) -> None:
        """Remember the registration as long as this stand-in lives."""
        self._registered.add(self._by_reference[holder].serial)

    def qualification_of(self, holder: HolderRef) -> OnRecord:
        """Return what the file says of this person."""
        person = self._by_reference[holder]
        return OnRecord(
            person.validity or "4", person.results, person.name_has_unknown_characters, person.public_expense
        )
