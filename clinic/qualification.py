"""The qualification as the clinic's consumer gets it: official element names, consents with their 24 hours.

The document has the header's and body's elements side by side (their names differ) and the results as a list:
`{"QualificationValidity": "1", …, "ResultOfQualificationConfirmation": [{"Name": …, "PharmacistsInfoConsFlg": …}]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NotRequired, TypedDict

from clinic.elements import CONSENT_HEADS, WITHOUT_AVAILABLE_TIME
from clinic.national_service import OnRecord
from clinic.people import PublicExpense, Result, Value
from device.domain.certificate_window import JAPAN
from device.domain.reasons import Reason
from device.domain.values import CONSENT_LIFETIME, CertificateState, ConsentItem, Prescription, ReceptionId

_BY_MY_NUMBER_CARD, _BY_INSURANCE_DATA = "1", "2"  # 照会区分, OQSCD002
_ENDED_NORMALLY = "1"  # 処理結果区分 and 処理結果状況, OQSCD003 and 004
_UTF_8 = "0"  # 文字コード識別, OQSCD005


class QualificationDocument(TypedDict):
    """What is sealed for the consumer. Every value is a string."""

    ProcessExecutionTime: str
    QualificationConfirmationDate: str
    MedicalInstitutionCode: str
    ArbitraryFileIdentifier: str
    ReferenceClassification: str
    SegmentOfResult: str
    CharacterCodeIdentifier: str
    ProcessingResultStatus: str
    QualificationValidity: str
    PrescriptionIssueSelect: NotRequired[str]
    """処方箋発行形態, OQSCD017; only where the visitor was asked."""
    ResultOfQualificationConfirmation: list[dict[str, Value]]


def build_document(
    record: OnRecord,
    consents: Mapping[ConsentItem, bool],
    *,
    reception: ReceptionId,
    institution_code: str,
    now: datetime,
    prescription: Prescription | None = None,
    emergency: bool = False,
    consented_at: datetime | None = None,
    by_card: bool = True,
) -> QualificationDocument:
    """Return the document for the visit `reception`; `consents` has exactly the items that the visitor was asked.

    Consents count from `consented_at`, where the answer came later than they did. In an `emergency` nobody could be
    asked: each consent is marked as not obtainable instead of declined.
    """
    moment = now.astimezone(JAPAN)
    consented = (consented_at or now).astimezone(JAPAN)
    document = QualificationDocument(
        ProcessExecutionTime=_time(moment),
        QualificationConfirmationDate=f"{moment:%Y%m%d}",
        MedicalInstitutionCode=institution_code,
        # The unit cannot read the document, so only this keeps it from being reported with another person's visit.
        ArbitraryFileIdentifier=reception,
        ReferenceClassification=_BY_MY_NUMBER_CARD if by_card else _BY_INSURANCE_DATA,
        SegmentOfResult=_ENDED_NORMALLY,
        CharacterCodeIdentifier=_UTF_8,
        ProcessingResultStatus=_ENDED_NORMALLY,
        QualificationValidity=record.validity,
        ResultOfQualificationConfirmation=[
            {**_supplied(result, consents), **_consent_elements(consents, consented, emergency=emergency)}
            for result in record.results
        ],
    )
    if prescription is not None:
        document["PrescriptionIssueSelect"] = prescription.value
    return document


def notices(
    record: OnRecord,
    certificate: CertificateState | None,
    *,
    registered_now: bool = False,
    public_expense: bool | None = None,
) -> list[Reason]:
    """Return the remarks that go with the answer; `public_expense` is the visitor's, None where it was not asked."""
    found = []
    if registered_now:
        found.append(Reason.REGISTERED_NOW)
    if certificate is CertificateState.EXPIRES_SOON:
        found.append(Reason.CERTIFICATE_EXPIRES_SOON)
    if certificate is CertificateState.IN_GRACE:
        found.append(Reason.CERTIFICATE_IN_GRACE)
    if record.name_has_unknown_characters:
        found.append(Reason.NAME_HAS_UNKNOWN_CHARACTERS)
    # Two remarks and not one: the desk must know whether to ask the visitor or the municipality.
    if public_expense is False:
        found.append(Reason.PUBLIC_EXPENSE_DECLINED)
    elif record.public_expense is PublicExpense.ENDED:
        found.append(Reason.PUBLIC_EXPENSE_ENDED)
    return found


DECLINED, AGREED, NOT_OBTAINABLE = "0", "1", "3"  # 同意区分, OQSCD016


def _consent_elements(consents: Mapping[ConsentItem, bool], moment: datetime, *, emergency: bool) -> dict[str, str]:
    elements: dict[str, str] = {}
    for item, agreed in consents.items():
        for head in CONSENT_HEADS[item]:
            # A no is said as a no: without it the desk could not tell "was asked and declined" from "was not asked".
            elements[f"{head}ConsFlg"] = NOT_OBTAINABLE if emergency else AGREED if agreed else DECLINED
            if agreed and not emergency:
                elements[f"{head}ConsTime"] = _time(moment)
                if head not in WITHOUT_AVAILABLE_TIME:
                    elements[f"{head}AvailableTime"] = _time(moment + CONSENT_LIFETIME)
    return elements


def _supplied(result: Result, consents: Mapping[ConsentItem, bool]) -> dict[str, Value]:
    """Leave out what needs a consent: the certificate of 特定疾病. 限度額 is given by law, without asking."""
    agreed = consents.get(ConsentItem.SPECIFIC_DISEASES, False)
    return {name: value for name, value in result.items() if agreed or name != "SpecificDiseasesCertificateList"}


def _time(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"
