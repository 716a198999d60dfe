"""The qualification as the clinic's consumer gets it: official element names, consents with their 24 hours.

The document has the header's and body's elements side by side (their names differ) and the results as a list:
`{"QualificationValidity": "1", …, "ResultOfQualificationConfirmation": [{"Name": …, "PharmacistsInfoConsFlg": …}]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypedDict

from clinic.elements import CONSENT_ELEMENTS
from clinic.national_service import OnRecord
from device.domain.certificate_window import JAPAN
from device.domain.reasons import Reason
from device.domain.values import CertificateState, ConsentItem, ReceptionId

CONSENT_LIFETIME = timedelta(hours=24)

_BY_MY_NUMBER_CARD = "1"  # 照会区分, OQSCD002
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
    ResultOfQualificationConfirmation: list[dict[str, str]]


def build_document(
    record: OnRecord,
    consents: Mapping[ConsentItem, bool],
    *,
    reception: ReceptionId,
    institution_code: str,
    now: datetime,
) -> QualificationDocument:
    """Return the document for the visit `reception`; `consents` has exactly the items that the visitor was asked."""
    moment = now.astimezone(JAPAN)
    return QualificationDocument(
        ProcessExecutionTime=_time(moment),
        QualificationConfirmationDate=f"{moment:%Y%m%d}",
        MedicalInstitutionCode=institution_code,
        # The unit cannot read the document, so only this keeps it from being reported with another person's visit.
        ArbitraryFileIdentifier=reception,
        ReferenceClassification=_BY_MY_NUMBER_CARD,
        SegmentOfResult=_ENDED_NORMALLY,
        CharacterCodeIdentifier=_UTF_8,
        ProcessingResultStatus=_ENDED_NORMALLY,
        QualificationValidity=record.validity,
        ResultOfQualificationConfirmation=[
            {**result, **_consent_elements(consents, moment)} for result in record.results
        ],
    )


def notices(record: OnRecord, certificate: CertificateState) -> list[Reason]:
    """Return the remarks that go with the answer."""
    found = []
    if certificate is CertificateState.EXPIRES_SOON:
        found.append(Reason.CERTIFICATE_EXPIRES_SOON)
    if certificate is CertificateState.IN_GRACE:
        found.append(Reason.CERTIFICATE_IN_GRACE)
    if record.name_has_unknown_characters:
        found.append(Reason.NAME_HAS_UNKNOWN_CHARACTERS)
    return found


def _consent_elements(consents: Mapping[ConsentItem, bool], moment: datetime) -> dict[str, str]:
    elements: dict[str, str] = {}
    for item, agreed in consents.items():
        head = CONSENT_ELEMENTS[item]
        # A no is said as a no: without it the desk could not tell "was asked and declined" from "was not asked".
        elements[f"{head}ConsFlg"] = "1" if agreed else "0"
        if agreed:
            elements[f"{head}ConsTime"] = _time(moment)
            elements[f"{head}AvailableTime"] = _time(moment + CONSENT_LIFETIME)
    return elements


def _time(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"
