from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clinic.gateway import GatewayPolicy
from clinic.people import load_people
from device.domain.reasons import Reason
from device.domain.values import CertificateState, ConsentItem
from device.wire.messages import Answer, HolderKnown, Qualification, Refused

if TYPE_CHECKING:
    from tests.clinic.conftest import CardIssuer, GatewayVisitor

TARO, ENDED, REPLACED, NOBODY, SEVERAL, EXPIRED, GRACE, SOON, REVOKED, BULLET, UNREGISTERED, CHILD = range(1001, 1013)
REGISTRABLE, SUBSIDY, SUBSIDY_ENDED = range(1013, 1016)

ANSWERED = {
    TARO: (CertificateState.GOOD, Reason.QUALIFIED, []),
    ENDED: (CertificateState.GOOD, Reason.QUALIFICATION_ENDED, []),
    REPLACED: (CertificateState.GOOD, Reason.QUALIFICATION_REPLACED, []),
    NOBODY: (CertificateState.GOOD, Reason.QUALIFICATION_NOT_FOUND, []),
    SEVERAL: (CertificateState.GOOD, Reason.QUALIFICATION_AMBIGUOUS, []),
    GRACE: (CertificateState.IN_GRACE, Reason.QUALIFIED, [Reason.CERTIFICATE_IN_GRACE]),
    SOON: (CertificateState.EXPIRES_SOON, Reason.QUALIFIED, [Reason.CERTIFICATE_EXPIRES_SOON]),
    BULLET: (CertificateState.GOOD, Reason.QUALIFIED, [Reason.NAME_HAS_UNKNOWN_CHARACTERS]),
    CHILD: (CertificateState.GOOD, Reason.QUALIFIED, []),
    # Silence to the question about the subsidy is no.
    SUBSIDY: (CertificateState.GOOD, Reason.QUALIFIED, [Reason.PUBLIC_EXPENSE_DECLINED]),
    SUBSIDY_ENDED: (CertificateState.GOOD, Reason.QUALIFIED, [Reason.PUBLIC_EXPENSE_ENDED]),
}
REFUSED = {
    EXPIRED: Reason.CERTIFICATE_EXPIRED,
    REVOKED: Reason.CERTIFICATE_REVOKED,
    UNREGISTERED: Reason.NOT_REGISTERED,
}


def test_nobody_in_the_file_is_without_an_expected_ending() -> None:
    assert load_people().keys() == ANSWERED.keys() | REFUSED.keys() | {REGISTRABLE}


@pytest.mark.parametrize("serial", ANSWERED)
def test_every_person_who_gets_an_answer_gets_the_expected_one(
    serial: int, issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    state, reason, notices = ANSWERED[serial]

    known = visitor.show(issuer.issue_to(load_people()[serial]))
    answer = visitor.confirm()

    assert isinstance(known, HolderKnown)
    assert known.certificate is state
    assert isinstance(answer, Qualification)
    assert (answer.reason, answer.notices) == (reason, notices)
    assert visitor.open(answer)["QualificationValidity"] == load_people()[serial].validity


@pytest.mark.parametrize("serial", REFUSED)
def test_every_person_who_is_refused_is_refused_for_the_expected_reason(
    serial: int, issuer: CardIssuer, visitor: GatewayVisitor
) -> None:
    answer = visitor.show(issuer.issue_to(load_people()[serial]))

    assert isinstance(answer, Refused)
    assert answer.reason is REFUSED[serial]
    assert visitor.confirm() == Refused(ask_id="ask-00000002", reason=Reason.PROOF_REFUSED)


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
    visitor = open_gateway(policy=replace(policy, ask_consent=(ConsentItem.DIAGNOSIS, ConsentItem.OPERATION)))

    known = visitor.show(issuer.issue(TARO))
    [result] = visitor.results(visitor.confirm({ConsentItem.DIAGNOSIS: True}))

    assert isinstance(known, HolderKnown)
    assert known.ask_consent == [ConsentItem.DIAGNOSIS, ConsentItem.OPERATION]
    assert (result["DiagnosisInfoConsFlg"], result["OperationInfoConsFlg"]) == ("1", "0")


def test_several_qualifications_are_all_told_and_none_is_chosen(issuer: CardIssuer, visitor: GatewayVisitor) -> None:
    results = visitor.results(visitor.visit(issuer.issue(SEVERAL)))

    assert [result["InsurerNumber"] for result in results] == ["06990012", "  990013"]
