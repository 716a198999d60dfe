"""Every row of the table of outcomes has invented people, and each of them ends as the table says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clinic.national_service import HolderRef
from clinic.notices import is_rare
from clinic.people import CardState, Outcome, load_institutions, load_people, settings_of
from clinic.stand_in import Mood, StandInService
from device.domain.certificate_window import certificate_state
from device.domain.errors import BadConfig
from device.domain.reasons import Reason
from device.domain.values import CertificateState
from device.wire.messages import HolderKnown, Qualification, Refused, Register, Registrable

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

PEOPLE = load_people()
ENDINGS = {
    Outcome.VALID: Reason.QUALIFIED,
    Outcome.REPLACED: Reason.QUALIFICATION_REPLACED,
    Outcome.ENDED: Reason.QUALIFICATION_ENDED,
    Outcome.NOT_FOUND: Reason.QUALIFICATION_NOT_FOUND,
    Outcome.SEVERAL: Reason.QUALIFICATION_AMBIGUOUS,
    Outcome.UNKNOWN_CHARACTERS: Reason.QUALIFIED,
    Outcome.RARE_CHARACTERS: Reason.QUALIFIED,
    Outcome.EXPIRES_SOON: Reason.QUALIFIED,
    Outcome.IN_GRACE: Reason.QUALIFIED,
    Outcome.EXPIRED: Reason.CERTIFICATE_EXPIRED,
    Outcome.REVOKED: Reason.CERTIFICATE_REVOKED,
    Outcome.LIMITED_DATA: Reason.QUALIFIED,
    # What the card or the day does to these people, the unit or the mood of the service shows; on record they are well.
    Outcome.PIN_BLOCKED: Reason.QUALIFIED,
    Outcome.FACE_MISMATCH: Reason.QUALIFIED,
    Outcome.CHIP_BROKEN: Reason.QUALIFIED,
    Outcome.DISASTER: Reason.QUALIFIED,
    Outcome.WITHOUT_THE_SYSTEM: Reason.NOT_REGISTERED,
}
NOTICES = {
    Outcome.UNKNOWN_CHARACTERS: Reason.NAME_HAS_UNKNOWN_CHARACTERS,
    Outcome.EXPIRES_SOON: Reason.CERTIFICATE_EXPIRES_SOON,
    Outcome.IN_GRACE: Reason.CERTIFICATE_IN_GRACE,
}
SHOWN = [(serial, outcome) for serial, person in PEOPLE.items() for outcome in person.outcomes]


def test_every_row_of_the_table_has_somebody_and_everybody_shows_a_row() -> None:
    assert {outcome for _, outcome in SHOWN} == set(Outcome)
    assert all(person.outcomes for person in PEOPLE.values())
    assert len(PEOPLE) == 50


def test_the_people_cover_validities_cards_reasons_of_loss_limits_elders_diseases_children_and_subsidies() -> None:
    results = [result for person in PEOPLE.values() for result in person.results]

    def values(name: str) -> set[object]:
        return {value for result in results if (value := result.get(name)) is not None}

    assert {person.validity for person in PEOPLE.values()} == {None, "1", "2", "3", "4", "5", "6"}
    assert {person.card for person in PEOPLE.values()} == set(CardState)
    assert values("ReasonOfLoss") == {"01", "02", "03", "99"}
    assert values("InsuredCardClassification") == {"01", "07", "A1"}
    assert values("InsuredPartialContributionRatio") == {"010", "020", "030"}
    assert values("PreschoolClassification") == {"1"}
    limits = [result["LimitApplicationCertificateRelatedInfo"] for result in results if "LimitAppl" in str(result)]
    assert len({str(limit) for limit in limits}) >= 11
    assert any("ElderlyRecipientCertificateInfo" in result for result in results)
    diseases = [result["SpecificDiseasesCertificateList"] for result in results if "SpecificDis" in str(result)]
    assert sorted(len(one) for one in diseases) == [1, 2]
    assert any("PublicExpenseResultList" in result for result in results)
    assert {person.public_expense for person in PEOPLE.values()} >= {"valid", "ended"}


def test_certificates_are_good_near_their_end_in_grace_expired_and_revoked(visitor: GatewayVisitor) -> None:
    states = {certificate_state(person.certificate_not_after(visitor.now), visitor.now) for person in PEOPLE.values()}
    assert states == set(CertificateState) - {CertificateState.REVOKED}
    assert any(person.revoked for person in PEOPLE.values())


def test_rare_characters_are_in_the_names_that_say_so() -> None:
    for serial, person in PEOPLE.items():
        rare = any(is_rare(sign) for sign in person.name or "")
        assert rare == (Outcome.RARE_CHARACTERS in person.outcomes), serial


@pytest.mark.parametrize(("serial", "outcome"), [pair for pair in SHOWN if pair[1] in ENDINGS])
def test_everybody_ends_as_the_table_says(
    serial: int, outcome: Outcome, issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    shown = visitor.show(issuer.issue_to(PEOPLE[serial]))
    if isinstance(shown, Refused):
        assert shown.reason is ENDINGS[outcome]
        return
    assert isinstance(shown, HolderKnown)
    answer = visitor.confirm()
    assert isinstance(answer, Qualification)
    assert answer.reason is ENDINGS[outcome]
    assert (NOTICES.get(outcome) in answer.notices) == (outcome in NOTICES)
    assert visitor.open(answer)["QualificationValidity"] == PEOPLE[serial].validity


def test_a_card_that_is_no_insurance_card_is_registered_or_refused(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    for serial in [serial for serial, outcome in SHOWN if outcome is Outcome.NOT_REGISTERED]:
        shown = visitor.show(issuer.issue_to(PEOPLE[serial]))
        if PEOPLE[serial].registrable:
            assert isinstance(shown, Registrable)
            ask = Register(ask_id=visitor.ask_id(), reception=visitor.reception)
            assert isinstance(visitor.gateway.answer(visitor.unit, ask, visitor.now), HolderKnown)
        else:
            assert isinstance(shown, Refused)


def test_on_the_day_of_an_outage_nobody_is_answered(
    issuer: CardIssuer, open_gateway: Callable[..., GatewayVisitor]
) -> None:
    service = StandInService(PEOPLE)
    service.mood = Mood(outage=True)
    visitor = open_gateway(service=service)
    [serial] = [serial for serial, outcome in SHOWN if outcome is Outcome.OUTAGE]

    shown = visitor.show(issuer.issue_to(PEOPLE[serial]))

    assert isinstance(shown, Refused)
    assert shown.reason is Reason.SERVICE_UNREACHABLE


def test_what_a_clinic_has_set_at_the_national_side_is_its_own() -> None:
    institutions = load_institutions()

    assert settings_of(institutions, "9999999998").ask_prescription
    assert not settings_of(institutions, "1234567890").ask_prescription
    assert settings_of(institutions, "1234567890") == settings_of(institutions, "0000000000")


def test_a_slow_day_takes_its_time_and_answers() -> None:
    waited: list[float] = []
    service = StandInService(PEOPLE, wait=waited.append)
    service.mood = Mood(latency_ms=1500)

    service.qualification_of(HolderRef("person-0"))

    assert waited == [1.5]


def test_moods_and_registrations_outlive_a_restart_and_are_changed_from_outside(tmp_path: Path) -> None:
    with StandInService(PEOPLE, path=tmp_path / "national.sqlite") as first:
        with StandInService(PEOPLE, path=tmp_path / "national.sqlite") as beside:
            beside.mood = Mood(outage=True, latency_ms=20)
        assert first.mood == Mood(outage=True, latency_ms=20)
    with StandInService(PEOPLE, path=tmp_path / "national.sqlite") as second:
        assert second.mood.outage


def test_a_file_of_another_kind_is_no_base_of_the_stand_in(tmp_path: Path) -> None:
    path = tmp_path / "national.sqlite"
    path.write_bytes(b"no base at all, but long enough" * 20)

    with pytest.raises(BadConfig, match="not a base of the stand-in"):
        StandInService(PEOPLE, path=path)
