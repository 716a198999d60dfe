"""What the clinic keeps of a visit: the result as it was proven, with its qualification opened."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from device.domain.certificate_window import JAPAN
from device.domain.reasons import Reason
from device.domain.values import Assurance, AttendantReason, CardKind, ConsentItem, Prescription

RESULT_LIST = "ResultOfQualificationConfirmation"


class VisitRecord(Struct, frozen=True, kw_only=True):
    """One visit. Times are UTC with zone; codes are those of the messages."""

    received_at: datetime
    unit: str
    sequence: int
    """Counts up by one per unit: a gap is a result that is still on its way."""
    message_id: str
    reception: str
    """Names the visit; random and without meaning, so it may stand in an address or a log."""
    reason: Reason
    """How the visit ended, see the catalogue of reasons."""
    notices: list[Reason]
    card: CardKind | None
    assurance: Assurance | None
    consents: dict[ConsentItem, bool]
    started_at: datetime
    ended_at: datetime
    happened_at: datetime
    """When the visit ended by the clinic's clock: the unit's own time where that can be right, else the gateway's."""
    simulated: bool
    attendant: str | None = None
    attendant_reason: AttendantReason | None = None
    prescription: Prescription | None = None
    public_expense: bool | None = None
    accepted: Assurance | None = None
    """The way of proving the holder that the gateway accepted; from the sealed answer."""
    certificate_ends: date | None = None
    mode: Literal["normal", "disaster"] = "normal"
    qualification: dict[str, object] | None = None
    """The qualification under official element names (`clinic.qualification`); null where the visit brought none."""
    unopened: str | None = None
    """A sealed qualification that none of our keys opens: kept, so that the right key can open it later."""

    @property
    def day(self) -> str:
        """The Japanese day of the visit, yyyy-mm-dd."""
        return self.happened_at.astimezone(JAPAN).date().isoformat()

    @property
    def person(self) -> str | None:
        """By what the person is known again: kana and birth date, which also hold where the name has a ●."""
        return person_of(self.qualification)


class LateAnswer(Struct, frozen=True, kw_only=True):
    """What the national service said when it could be asked again, for a visit that ended without it."""

    reception: str
    reason: Reason
    notices: list[Reason]
    qualification: dict[str, object] | None
    """None where the service had no qualification to give: `reason` says why."""
    answered_at: datetime
    source: Literal["certificate", "typed"]
    """Asked with the visit's own evidence, or with what the desk typed."""


def results_of(qualification: dict[str, object] | None) -> list[dict[str, object]]:
    """Return the `ResultOfQualificationConfirmation`s of a qualification: none, one or several are all normal."""
    found = (qualification or {}).get(RESULT_LIST)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text_of(elements: dict[str, object], name: str) -> str | None:
    """Return the text of an element; None where it is absent or no text."""
    value = elements.get(name)
    return value if isinstance(value, str) else None


def person_of(qualification: dict[str, object] | None) -> str | None:
    """Return kana and birth date of the first result, None where either is missing."""
    for result in results_of(qualification):
        kana, birthdate = text_of(result, "NameKana"), text_of(result, "Birthdate")
        if kana and birthdate:
            return f"{kana} {birthdate}"
    return None
