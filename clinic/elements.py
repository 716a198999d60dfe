"""The official elements of a qualification (資格確認結果) that this side knows, and the shape of each value.

Names and codes are those of the official interface, so that a receipt computer's maker recognises them. Every value
is a string: leading zeros and blanks carry meaning. Sources: the interface as public clients read it.
"""

from __future__ import annotations

import re
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

    def accepts(self, value: str) -> bool:
        """Tell whether the whole value has the element's shape."""
        return re.fullmatch(self.pattern, value) is not None


def _text(japanese: str) -> Element:
    return Element(japanese, "1 to 100 characters", r"[^\x00-\x1f]{1,100}")


def _kana(japanese: str) -> Element:
    # U+FF61..FF9F are the half-width katakana with their marks; foreign names come in Latin capitals.
    return Element(japanese, "half-width katakana (ｼﾝﾘｮｳ ﾀﾛｳ)", r"[\uff61-\uff9fA-Z0-9 .,()-]{1,100}")


def _date(japanese: str) -> Element:
    return Element(japanese, "yyyyMMdd", r"[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


def _code(japanese: str, *codes: str) -> Element:
    return Element(japanese, "one of " + ", ".join(codes), "|".join(map(re.escape, codes)))


RESULT_ELEMENTS: dict[str, Element] = {
    "InsuredCardClassification": _code("被保険者証区分", "01", "02", "03", "04", "05", "06", "07", "A1"),
    "InsurerNumber": Element("保険者番号", "8 characters, digits with leading blanks", r"(?=.{8}$) *\d{6,8}"),
    "InsurerName": _text("保険者名称"),
    "InsuredCardSymbol": _text("被保険者証記号"),
    "InsuredIdentificationNumber": _text("被保険者証番号"),
    "InsuredBranchNumber": Element("被保険者証枝番", "2 digits", r"\d{2}"),
    "PersonalFamilyClassification": _code("本人・家族の別", "1", "2"),
    "InsuredName": _text("被保険者氏名(世帯主氏名)"),
    "Name": _text("氏名"),
    "NameOfOther": _text("氏名(その他)"),
    "NameKana": _kana("氏名カナ"),
    "NameOfOtherKana": _kana("氏名カナ(その他)"),
    "Sex1": _code("性別1", "1", "2", "3"),
    "Sex2": _code("性別2", "1", "2", "3"),
    "Birthdate": _date("生年月日"),
    "Address": _text("住所"),
    "PostNumber": Element("郵便番号", "123-4567", r"\d{3}-\d{4}"),
    "QualificationDate": _date("資格取得年月日"),
    "DisqualificationDate": _date("資格喪失年月日"),
    "InsuredCertificateIssuanceDate": _date("被保険者証交付年月日"),
    "InsuredCardValidDate": _date("被保険者証有効開始年月日"),
    "InsuredCardExpirationDate": _date("被保険者証有効終了年月日"),
    "InsuredPartialContributionRatio": Element("被保険者証一部負担金割合", "3 digits, percent: 030", r"0\d0|100"),
    "PreschoolClassification": _code("未就学区分", "1"),
    "ReasonOfLoss": _code("資格喪失事由", "01", "02", "03", "99"),
    "ReferenceNumber": _text("照会番号"),
}
"""Elements of one `ResultOfQualificationConfirmation` that can be given in a file of people."""

VALIDITY_REASONS: dict[str, Reason] = {
    "1": Reason.QUALIFIED,
    "2": Reason.QUALIFICATION_ENDED,
    "3": Reason.QUALIFICATION_REPLACED,
    "4": Reason.QUALIFICATION_NOT_FOUND,
    "5": Reason.QUALIFICATION_AMBIGUOUS,
}
"""資格有効性 (OQSCD006) to how the visit ends; 6 belongs to 医療扶助, which is not served."""

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

CONSENT_ELEMENTS: dict[ConsentItem, str] = {
    ConsentItem.MEDICATION: "PharmacistsInfo",
    ConsentItem.DIAGNOSIS: "DiagnosisInfo",
    ConsentItem.OPERATION: "OperationInfo",
    ConsentItem.CHECKUP: "SpecificHealthCheckupsInfo",
}
"""閲覧同意情報種別 (OQSCD036) to the head of its three elements `…ConsFlg`, `…ConsTime`, `…AvailableTime`."""
