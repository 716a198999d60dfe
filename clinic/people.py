"""Invented people for the stand-in service, read from a file that a person can read too.

[[person]]
serial = 1001                          # of the certificate on the card: how the national side finds people
shows = "a valid qualification"        # why this person is here
certificate_expires_in_months = 40     # counted from today, so the file never grows old; negative: has expired
registered = true                      # is the card registered as an insurance card? (default true); where not, a
                                       # person with a qualification can be registered on the spot
revoked = false                        # was the certificate withdrawn? (default false)
QualificationValidity = "1"            # OQSCD006; absent where the card is not registered and cannot be
public_expense = "valid"               # data of a medical subsidy (PMH): "valid", "ended" or absent
outcomes = ["valid"]                   # rows of the table of outcomes that this person shows (`Outcome`)
card = "good"                          # what is with the card itself: good, pin_blocked, chip_broken, other_face

[[person.ResultOfQualificationConfirmation]]     # none, one or several
Name = "診療 太郎"                               # elements under their official names, clinic/elements.py

[person.ResultOfQualificationConfirmation.LimitApplicationCertificateRelatedInfo]    # what stands together
[[person.ResultOfQualificationConfirmation.SpecificDiseasesCertificateList]]         # what may repeat

[[institution]]                        # what a clinic has set at the national side (環境設定情報)
code = "*"                             # 医療機関コード; "*" is everybody who has set nothing
ask_consent = ["YZK", "TKK"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec
from msgspec import Struct

from clinic.elements import RESULT_ELEMENTS, UNKNOWN_CHARACTER, VALIDITY_REASONS, Element, Group
from device.domain.certificate_window import JAPAN, add_months, end_of_day
from device.domain.errors import BadConfig
from device.domain.values import ConsentItem, ConsentMode
from device.wire.settings import read_toml

SHIPPED = Path(__file__).with_name("people.toml")
"""The people of the demonstration."""

_MAX_MONTHS = 1200
_RESULTS = "ResultOfQualificationConfirmation"


class PublicExpense(StrEnum):
    """What the subsidy's register (公費, PMH) has on a person."""

    VALID = "valid"
    ENDED = "ended"


class Outcome(StrEnum):
    """Rows of the table of outcomes: what can come of a visit, and what the clinic then does."""

    VALID = "valid"
    REPLACED = "replaced"
    ENDED = "ended"
    NOT_FOUND = "not_found"
    SEVERAL = "several"
    UNKNOWN_CHARACTERS = "unknown_characters"
    RARE_CHARACTERS = "rare_characters"
    EXPIRES_SOON = "expires_soon"
    IN_GRACE = "in_grace"
    EXPIRED = "expired"
    REVOKED = "revoked"
    PIN_BLOCKED = "pin_blocked"
    FACE_MISMATCH = "face_mismatch"
    CHIP_BROKEN = "chip_broken"
    NOT_REGISTERED = "not_registered"
    OUTAGE = "outage"
    DISASTER = "disaster"
    WITHOUT_THE_SYSTEM = "without_the_system"
    LIMITED_DATA = "limited_data"
    """自衛官, 日雇特例, 医療扶助: some medical data is not available."""


class InstitutionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a clinic has set at the national side (環境設定情報): what its visitors are asked."""

    ask_consent: tuple[ConsentItem, ...] = (ConsentItem.MEDICATION, ConsentItem.CHECKUP)
    """What the official terminal asks before anybody changes its settings: 薬剤 and 健診."""
    consent_mode: ConsentMode = ConsentMode.BLANKET
    ask_prescription: bool = False
    ask_public_expense: bool = True


class CardState(StrEnum):
    """What is with the card, whatever the national side knows."""

    GOOD = "good"
    PIN_BLOCKED = "pin_blocked"
    CHIP_BROKEN = "chip_broken"
    OTHER_FACE = "other_face"


Value = str | Mapping[str, str] | tuple[Mapping[str, str], ...]
"""A text, what stands together, or what repeats."""

Result = Mapping[str, Value]
"""Elements of one `ResultOfQualificationConfirmation`, by official name."""

_OPTIONS: dict[str, type] = {
    "serial": int,
    "shows": str,
    "certificate_expires_in_months": int,
    "registered": bool,
    "revoked": bool,
    "QualificationValidity": str,
    "public_expense": str,
    "outcomes": list,
    "card": str,
    _RESULTS: list,
}
_REQUIRED = ("serial", "shows", "certificate_expires_in_months")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person as the national side knows them."""

    serial: int
    shows: str
    certificate_expires_in_months: int
    registered: bool = True
    revoked: bool = False
    validity: str | None = None
    """OQSCD006; None only where the card is not registered and the service would not register it."""
    public_expense: PublicExpense | None = None
    outcomes: tuple[Outcome, ...] = ()
    card: CardState = CardState.GOOD
    results: tuple[Result, ...] = field(default=(), repr=False)

    @property
    def registrable(self) -> bool:
        """The card is not registered, and the service would take its registration."""
        return not self.registered and self.validity is not None

    @property
    def name(self) -> str | None:
        """The first name on record, for a simulated card; None where nothing is on record."""
        name = self.results[0].get("Name") if self.results else None
        return name if isinstance(name, str) else None

    @property
    def name_has_unknown_characters(self) -> bool:
        """Some name on record contains ●."""
        names = ("Name", "NameOfOther", "InsuredName")
        return any(UNKNOWN_CHARACTER in str(result.get(name, "")) for result in self.results for name in names)

    def certificate_not_after(self, today: datetime) -> datetime:
        """Return when this person's certificate ends, for a card made at `today` (aware)."""
        return end_of_day(add_months(today.astimezone(JAPAN).date(), self.certificate_expires_in_months))


def load_people(path: Path = SHIPPED) -> Mapping[int, Person]:
    """Return the people of a file by certificate serial.

    Raise BadConfig naming file, person and field. Values are not quoted: one day somebody puts a real name there.
    """
    document = read_toml(path, "the people")
    if unknown := document.keys() - {"person", "institution"}:
        raise BadConfig(f"no table {min(unknown)!r} here; people stand in [[person]]", where=str(path))
    tables = document.get("person", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadConfig("people stand in [[person]], with two brackets", where=str(path))
    people: dict[int, Person] = {}
    for number, table in enumerate(tables, start=1):
        where = f"{path}: person {number}"
        person = _read_person(table, where)
        if person.serial in people:
            raise BadConfig("another person has the same serial", where=f"{where}: serial")
        people[person.serial] = person
    if not people:
        raise BadConfig("nobody in it; people stand in [[person]]", where=str(path))
    return MappingProxyType(people)


def load_institutions(path: Path = SHIPPED) -> Mapping[str, InstitutionSettings]:
    """Return what clinics have set, by 医療機関コード; `*` is everybody else. Raise BadConfig naming the place."""
    tables = read_toml(path, "the people").get("institution", [])
    if not isinstance(tables, list):
        raise BadConfig("institutions stand in [[institution]], with two brackets", where=str(path))
    institutions = {}
    for number, table in enumerate(tables, start=1):
        where = f"{path}: institution {number}"
        if not isinstance(table, dict) or not isinstance(code := table.pop("code", None), str):
            raise BadConfig("is missing", where=f"{where}: code")
        try:
            institutions[code] = msgspec.convert(table, InstitutionSettings)
        except msgspec.ValidationError as error:
            raise BadConfig(str(error), where=where) from error
    return MappingProxyType(institutions)


def settings_of(institutions: Mapping[str, InstitutionSettings], code: str) -> InstitutionSettings:
    """Return what a clinic has set; what everybody gets where it has set nothing."""
    return institutions.get(code) or institutions.get("*") or InstitutionSettings()


def _read_person(table: dict[str, object], where: str) -> Person:
    if unknown := table.keys() - _OPTIONS.keys():
        raise BadConfig(f"no field {min(unknown)!r}; there are {', '.join(_OPTIONS)}", where=where)
    for name, kind in _OPTIONS.items():
        # bool is an int to Python, and `serial = true` is a mistake
        if name in table and type(table[name]) is not kind:
            raise BadConfig(f"must be of type {kind.__name__}", where=f"{where}: {name}")
    for name in _REQUIRED:
        if name not in table:
            raise BadConfig("is missing", where=f"{where}: {name}")
    raw_results = table.get(_RESULTS, [])
    assert isinstance(raw_results, list)  # noqa: S101  held by the loop above; tells the type checker
    person = Person(
        serial=_number(table["serial"], 1, 2**159, f"{where}: serial"),
        shows=str(table["shows"]),
        certificate_expires_in_months=_number(
            table["certificate_expires_in_months"], -_MAX_MONTHS, _MAX_MONTHS, f"{where}: certificate_expires_in_months"
        ),
        registered=bool(table.get("registered", True)),
        revoked=bool(table.get("revoked", False)),
        validity=None if "QualificationValidity" not in table else str(table["QualificationValidity"]),
        public_expense=_read_word(PublicExpense, table.get("public_expense"), f"{where}: public_expense"),
        outcomes=_read_words(Outcome, table.get("outcomes", []), f"{where}: outcomes"),
        card=_read_word(CardState, table.get("card"), f"{where}: card") or CardState.GOOD,
        results=tuple(
            _read_result(result, f"{where}: {_RESULTS} {number}") for number, result in enumerate(raw_results, start=1)
        ),
    )
    _check_whole(person, where)
    return person


def _read_result(table: object, where: str) -> Result:
    if not isinstance(table, dict):
        raise BadConfig(f"stands in [[person.{_RESULTS}]]", where=where)
    result: dict[str, Value] = {}
    for name, value in table.items():
        what = RESULT_ELEMENTS.get(name)
        place = f"{where}: {name}"
        match what:
            case None:
                known = ", ".join(RESULT_ELEMENTS)
                raise BadConfig(f"no element {name!r} in a result; there are {known}", where=where)
            case Element():
                result[name] = _read_text(what, value, place)
            case Group(item=None):
                result[name] = _read_group(what, value, place)
            case Group():
                if not isinstance(value, list):
                    raise BadConfig("may repeat: it stands in double brackets", where=place)
                result[name] = tuple(_read_group(what, one, place) for one in value)
    return result


def _read_group(group: Group, table: object, where: str) -> Mapping[str, str]:
    if not isinstance(table, dict):
        raise BadConfig("elements of its own stand in it", where=where)
    if unknown := table.keys() - group.elements.keys():
        raise BadConfig(f"no element {min(unknown)!r} in it; there are {', '.join(group.elements)}", where=where)
    return {name: _read_text(group.elements[name], value, f"{where}: {name}") for name, value in table.items()}


def _read_text(element: Element, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise BadConfig('every element is a string: put it in "…"', where=where)
    if not element.accepts(value):
        raise BadConfig(f"{element.japanese} must be {element.shape}", where=where)
    return value


Word = TypeVar("Word", bound=StrEnum)


def _read_word(kind: type[Word], value: object, where: str) -> Word | None:
    return None if value is None else _read_words(kind, [value], where)[0]


def _read_words(kind: type[Word], values: object, where: str) -> tuple[Word, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value in set(kind) for value in values):
        raise BadConfig(f"must be one of {', '.join(kind)}", where=where)
    return tuple(map(kind, values))


def _check_whole(person: Person, where: str) -> None:
    if not person.registered and person.validity is None:
        if person.results:
            raise BadConfig("results without a QualificationValidity", where=f"{where}: registered")
        return
    if person.validity not in VALIDITY_REASONS:
        codes = ", ".join(VALIDITY_REASONS)
        raise BadConfig(f"資格有効性 must be one of {codes}", where=f"{where}: QualificationValidity")
    count = len(person.results)
    fits = {"4": count == 0, "5": count > 1}.get(person.validity, count == 1)
    if not fits:
        raise BadConfig(
            f"QualificationValidity {person.validity} does not go with {count} results (4: none, 5: several, else one)",
            where=f"{where}: {_RESULTS}",
        )


def _number(value: object, low: int, high: int, where: str) -> int:
    if not isinstance(value, int) or not low <= value <= high:
        raise BadConfig(f"must be a number from {low} to {high}", where=where)
    return value
