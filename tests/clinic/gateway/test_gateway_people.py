from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from clinic.inquiry import GatewayPolicy
from clinic.people import InstitutionSettings, load_people
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.wire.messages import Answer, HolderKnown

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer
    from tests.clinic.gateway.conftest import GatewayVisitor

TARO, ENDED, REPLACED, NOBODY, SEVERAL, EXPIRED, GRACE, SOON, REVOKED, BULLET, UNREGISTERED, CHILD = range(1001, 1013)
REGISTRABLE, SUBSIDY, SUBSIDY_ENDED = range(1013, 1016)


def test_a_card_that_nobody_in_the_file_holds_is_not_registered(
    issuer: CardIssuer, visitor: GatewayVisitor, why: Callable[[Answer], Reason]
) -> None:
    assert why(visitor.show(issuer.issue(999_999))) is Reason.NOT_REGISTERED


def test_the_qualification_has_the_official_names_and_its_values_stay_strings(
    issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    document = visitor.open(visitor.visit(issuer.issue(TARO)))

    assert document == {
        "ProcessExecutionTime": "20261122120000",
        "QualificationConfirmationDate": "20261122",
        "MedicalInstitutionCode": "1399999999",
        "ArbitraryFileIdentifier": visitor.reception,
        "ReferenceClassification": "1",
        "SegmentOfResult": "1",
        "CharacterCodeIdentifier": "0",
        "ProcessingResultStatus": "1",
        "QualificationValidity": "1",
        "ResultOfQualificationConfirmation": [
            {
                **load_people()[TARO].results[0],
                "PharmacistsInfoConsFlg": "0",
                "PrescriptionInfoConsFlg": "0",
                "SpecificHealthCheckupsInfoConsFlg": "0",
            }
        ],
    }
    assert load_people()[REPLACED].results[0]["InsurerNumber"] == "  990013"


def test_a_consent_is_good_for_exactly_a_day_and_a_refusal_is_said_as_one(
    issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    answer = visitor.visit(issuer.issue(TARO), {ConsentItem.MEDICATION: True, ConsentItem.CHECKUP: False})

    [result] = visitor.results(answer)
    assert {name: value for name, value in result.items() if "Info" in name} == {
        "PharmacistsInfoConsFlg": "1",
        "PharmacistsInfoConsTime": "20261122120000",
        "PharmacistsInfoAvailableTime": "20261123120000",
        "PrescriptionInfoConsFlg": "1",
        "PrescriptionInfoConsTime": "20261122120000",
        "PrescriptionInfoAvailableTime": "20261123120000",
        "SpecificHealthCheckupsInfoConsFlg": "0",
    }


def test_what_was_not_asked_cannot_be_consented_to(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    answer = visitor.visit(issuer.issue(TARO), {ConsentItem.OPERATION: True})

    assert "OperationInfoConsFlg" not in str(visitor.open(answer))


def test_a_certificate_in_grace_is_asked_nothing_and_carries_no_consent(
    issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    known = visitor.show(issuer.issue_to(load_people()[GRACE]))
    document = visitor.open(visitor.confirm({ConsentItem.MEDICATION: True}))

    assert isinstance(known, HolderKnown)
    assert known.ask_consent == []
    assert "ConsFlg" not in str(document)


def test_the_clinic_decides_what_is_asked(
    issuer: CardIssuer, policy: GatewayPolicy, open_gateway: Callable[..., GatewayVisitor]
) -> None:
    asked = InstitutionSettings(ask_consent=(ConsentItem.DIAGNOSIS, ConsentItem.OPERATION))
    visitor = open_gateway(policy=replace(policy, questions=asked))

    known = visitor.show(issuer.issue(TARO))
    [result] = visitor.results(visitor.confirm({ConsentItem.DIAGNOSIS: True}))

    assert isinstance(known, HolderKnown)
    assert known.ask_consent == [ConsentItem.DIAGNOSIS, ConsentItem.OPERATION]
    assert (result["DiagnosisInfoConsFlg"], result["OperationInfoConsFlg"]) == ("1", "0")


def test_several_qualifications_are_all_told_and_none_is_chosen(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    results = visitor.results(visitor.visit(issuer.issue(SEVERAL)))

    assert [result["InsurerNumber"] for result in results] == ["06990012", "  990013"]
