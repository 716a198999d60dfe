"""The official elements of a qualification (資格確認結果) that this side knows, and the shape of each value.

Names and codes are those of the official interface, so that a receipt computer's maker recognises them. Every value
is a string: leading zeros and blanks carry meaning. Sources: the interface as public clients read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from device.domain.reasons import Reason
from device.domain.values import ConsentItem

UNKNOWN_CHARACTER = "●"
"""Stands for a character that the insurer's system could not carry."""


@dataclass(frozen=True, slots=True)
class Element:
    """What one element is called in Japanese, and what its value looks like."""

    japanese: str
    shape: str
    """In words, for error messages."""
    pattern: str
    """In the words that Python and XML Schema share, so that our schema is made of it."""
    length: int | None = None
    """Characters, where a pattern alone does not say it."""

    def accepts(self, value: str) -> bool:
        """Tell whether the whole value has the element's shape."""
        fits = self.length is None or len(value) == self.length
        # Control characters have no place in XML; a pattern for both languages cannot say so.
        return fits and all(sign >= " " for sign in value) and re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True, slots=True)
class Group:
    """Elements that stand together in one; `item` names what repeats inside, where something does."""

    japanese: str
    elements: Mapping[str, Element]
    item: str | None = None


def _text(japanese: str) -> Element:
    return Element(japanese, "1 to 100 characters", r"[^\t\n\r]{1,100}")


def _kana(japanese: str) -> Element:
    # U+FF61..FF9F are the half-width katakana with their marks; foreign names come in Latin capitals.
    return Element(japanese, "half-width katakana (ｼﾝﾘｮｳ ﾀﾛｳ)", r"[｡-ﾟA-Z0-9 .,()\-]{1,100}")


def _date(japanese: str) -> Element:
    return Element(japanese, "yyyyMMdd", r"[12][0-9]{3}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")


def time_element(japanese: str) -> Element:
    """Return an element for a point in time."""
    return Element(japanese, "yyyyMMddHHmmss", r"[12][0-9]{13}")


def code_element(japanese: str, *codes: str) -> Element:
    """Return an element with a closed set of values."""
    return Element(japanese, "one of " + ", ".join(codes), "|".join(codes))


def _ratio(japanese: str) -> Element:
    return Element(japanese, "3 digits, percent: 030", r"0[0-9]0|100")


LIMIT_CLASSES = {
    "A01": "ア",
    "A02": "イ",
    "A03": "ウ",
    "A04": "エ",
    "A05": "オ",
    "A06": "オ(境)",
    "B01": "現役並みⅢ",
    "B02": "現役並みⅡ",
    "B03": "現役並みⅠ",
    "B04": "一般",
    "B05": "低所得Ⅱ",
    "B06": "低所得Ⅰ",
    "B07": "低所得Ⅰ(老福)",
    "B08": "低所得Ⅰ(境)",
    "B09": "一般Ⅱ",
    "B10": "一般Ⅰ",
}
"""限度額適用認定証 適用区分, OQSCD012."""

MEDICAL_ASSISTANCE = "A1"
SELF_DEFENCE = "07"

INSURER_NUMBER = Element("保険者番号", "8 characters, digits with leading blanks", r" *[0-9]{6,8}", length=8)

RESULT_ELEMENTS: dict[str, Element | Group] = {
    "InsuredCardClassification": code_element(
        "被保険者証区分", "01", "02", "03", "04", "05", "06", SELF_DEFENCE, MEDICAL_ASSISTANCE
    ),
    "InsurerNumber": INSURER_NUMBER,
    "InsurerName": _text("保険者名称"),
    "InsuredCardSymbol": _text("被保険者証記号"),
    "InsuredIdentificationNumber": _text("被保険者証番号"),
    "InsuredBranchNumber": Element("被保険者証枝番", "2 digits", r"[0-9]{2}"),
    "PersonalFamilyClassification": code_element("本人・家族の別", "1", "2"),
    "InsuredName": _text("被保険者氏名(世帯主氏名)"),
    "Name": _text("氏名"),
    "NameOfOther": _text("氏名(その他)"),
    "NameKana": _kana("氏名カナ"),
    "NameOfOtherKana": _kana("氏名カナ(その他)"),
    "Sex1": code_element("性別1", "1", "2", "3"),
    "Sex2": code_element("性別2", "1", "2", "3"),
    "Birthdate": _date("生年月日"),
    "Address": _text("住所"),
    "PostNumber": Element("郵便番号", "123-4567", r"[0-9]{3}-[0-9]{4}"),
    "QualificationDate": _date("資格取得年月日"),
    "DisqualificationDate": _date("資格喪失年月日"),
    "InsuredCertificateIssuanceDate": _date("被保険者証交付年月日"),
    "InsuredCardValidDate": _date("被保険者証有効開始年月日"),
    "InsuredCardExpirationDate": _date("被保険者証有効終了年月日"),
    "InsuredPartialContributionRatio": _ratio("被保険者証一部負担金割合"),
    "PreschoolClassification": code_element("未就学区分", "1"),
    "ReasonOfLoss": code_element("資格喪失事由", "01", "02", "03", "99"),
    "ElderlyRecipientCertificateInfo": Group(
        "高齢受給者証情報",
        {
            "ElderlyRecipientCertificateDate": _date("交付年月日"),
            "ElderlyRecipientValidStartDate": _date("有効開始年月日"),
            "ElderlyRecipientValidEndDate": _date("有効終了年月日"),
            "ElderlyRecipientContributionRatio": _ratio("一部負担金割合"),
        },
    ),
    "LimitApplicationCertificateRelatedInfo": Group(
        "限度額適用認定証関連情報",
        {
            "LimitApplicationCertificateClassification": code_element("証区分", "01", "02", "03"),
            "LimitApplicationCertificateClassificationFlag": code_element("適用区分", *LIMIT_CLASSES),
            "LimitApplicationCertificateDate": _date("交付年月日"),
            "LimitApplicationCertificateValidStartDate": _date("有効開始年月日"),
            "LimitApplicationCertificateValidEndDate": _date("有効終了年月日"),
            "LimitApplicationCertificateLongTermDate": _date("長期入院該当年月日"),
        },
    ),
    "SpecificDiseasesCertificateList": Group(
        "特定疾病療養受療証情報",
        {
            "SpecificDiseasesDiseaseCategory": code_element("認定疾病区分", "1", "2", "3"),
            "SpecificDiseasesCertificateDate": _date("交付年月日"),
            "SpecificDiseasesValidStartDate": _date("有効開始年月日"),
            "SpecificDiseasesValidEndDate": _date("有効終了年月日"),
            "SpecificDiseasesSelfPay": Element("自己負担限度額", "digits, yen", r"[0-9]{1,8}"),
        },
        item="SpecificDiseasesCertificateInfo",
    ),
    "PublicExpenseResultList": Group(
        "医療扶助 医療券情報",
        {
            "TicketType": code_element("券種別", "1", "2", "3"),
            "MedicalTicketValidDate": _date("有効開始年月日"),
            "MedicalTicketExpirationDate": _date("有効終了年月日"),
        },
        item="MedicalTicketInfo",
    ),
    "ReferenceNumber": _text("照会番号"),
}
"""Elements of one `ResultOfQualificationConfirmation` that can be given in a file of people."""

VALIDITY_REASONS: dict[str, Reason] = {
    "1": Reason.QUALIFIED,
    "2": Reason.QUALIFICATION_ENDED,
    "3": Reason.QUALIFICATION_REPLACED,
    "4": Reason.QUALIFICATION_NOT_FOUND,
    "5": Reason.QUALIFICATION_AMBIGUOUS,
    "6": Reason.QUALIFIED,
}
"""資格有効性 (OQSCD006) to how the visit ends; 6 is 医療扶助 whose 医療券 is not registered for this clinic yet."""

CONSENT_HEADS: dict[ConsentItem, tuple[str, ...]] = {
    ConsentItem.MEDICATION: ("PharmacistsInfo", "PrescriptionInfo"),
    ConsentItem.DIAGNOSIS: ("DiagnosisInfo", "AllergyInfo", "ContraindicationInfo", "TestInfo"),
    ConsentItem.OPERATION: ("OperationInfo", "DiagnosisName", "InfectiousInfo"),
    ConsentItem.CHECKUP: ("SpecificHealthCheckupsInfo",),
    ConsentItem.SPECIFIC_DISEASES: ("SpecificDiseasesCertificateRelated",),
}
"""閲覧同意情報種別 (OQSCD036) to the heads of its elements `…ConsFlg`, `…ConsTime`, `…AvailableTime`.

One yes covers what belongs together (手術: 傷病名, 感染症; 診療: アレルギー, 検査; 薬剤: 処方). The certificate of
特定疾病 is handed over in the answer itself, so its consent has no time until which one may look.
"""

WITHOUT_AVAILABLE_TIME = frozenset({"SpecificDiseasesCertificateRelated", "LimitApplicationCertificateRelated"})
