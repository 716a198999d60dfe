"""The XSD of the files that we write, made of `clinic.elements`, so that it cannot say anything else.

No official schema is published; this one documents ours. It allows any order of elements, as the official files do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape, quoteattr

from clinic.elements import (
    CONSENT_HEADS,
    RESULT_ELEMENTS,
    VALIDITY_REASONS,
    WITHOUT_AVAILABLE_TIME,
    Element,
    Group,
    code_element,
    time_element,
)
from clinic.official_xml import BODY, HEADER
from clinic.record import RESULT_LIST

_TEXT = Element("", "text", r"[^\t\n\r]{1,200}")
_MESSAGE: dict[str, Element] = {
    "ProcessExecutionTime": time_element("処理実行日時"),
    "QualificationConfirmationDate": Element("資格確認日", "yyyyMMdd", r"[0-9]{8}"),
    "MedicalInstitutionCode": Element("医療機関コード", "10 digits", r"[0-9]{10}"),
    "ArbitraryFileIdentifier": Element("任意のファイル識別子", "the reception", r"[0-9A-Za-z_\-]{8,64}"),
    "ReferenceClassification": code_element("照会区分", "1", "2", "A"),
    "SegmentOfResult": code_element("処理結果区分", "1", "2", "9"),
    "ErrorCode": _TEXT,
    "ErrorMessage": _TEXT,
    "CharacterCodeIdentifier": code_element("文字コード識別", "0", "1"),
    "ProcessingResultStatus": code_element("処理結果状況", "1", "2"),
    "ProcessingResultCode": _TEXT,
    "ProcessingResultMessage": _TEXT,
    "QualificationValidity": code_element("資格有効性", *VALIDITY_REASONS),
    "PrescriptionIssueSelect": code_element("処方箋発行形態", "1", "2"),
}
_REQUIRED = frozenset(
    {
        "ProcessExecutionTime",
        "QualificationConfirmationDate",
        "MedicalInstitutionCode",
        "ArbitraryFileIdentifier",
        "ReferenceClassification",
        "SegmentOfResult",
        "CharacterCodeIdentifier",
        "ProcessingResultStatus",
        "QualificationValidity",
    }
)


def schema() -> str:
    """Return the schema."""
    header = "".join(_element(name, _MESSAGE[name], required=name in _REQUIRED) for name in HEADER)
    body = "".join(_element(name, _MESSAGE[name], required=name in _REQUIRED) for name in BODY)
    body += _wrapped("ResultList", _sequence(RESULT_LIST, _all(_results())), required=False)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<!-- 資格確認結果 as Uketsuke writes it for the receipt computer. Made by `python -m clinic.schema`. -->\n"
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="unqualified">\n'
        + _wrapped("XmlMsg", _all([_wrapped("MessageHeader", _all([header])), _wrapped("MessageBody", _all([body]))]))
        + "</xs:schema>\n"
    )


def _results() -> Iterable[str]:
    for name, what in RESULT_ELEMENTS.items():
        match what:
            case Element():
                yield _element(name, what)
            case Group(elements=elements, item=None):
                yield _wrapped(name, _all(_elements(elements)), note=what.japanese, required=False)
            case Group(elements=elements):
                content = _sequence(what.item or name, _all(_elements(elements)))
                yield _wrapped(name, content, note=what.japanese, required=False)
    for heads in CONSENT_HEADS.values():
        for head in heads:
            yield _element(f"{head}ConsFlg", code_element("同意区分", "0", "1", "2", "3"))
            yield _element(f"{head}ConsTime", time_element("同意日時"))
            if head not in WITHOUT_AVAILABLE_TIME:
                yield _element(f"{head}AvailableTime", time_element("有効期限: 同意日時の24時間後"))


def _elements(elements: Mapping[str, Element]) -> Iterable[str]:
    return (_element(name, element) for name, element in elements.items())


def _all(parts: Iterable[str]) -> str:
    return f"<xs:complexType><xs:all>\n{''.join(parts)}</xs:all></xs:complexType>\n"


def _sequence(item: str, content: str) -> str:
    one = f'<xs:element name={quoteattr(item)} maxOccurs="unbounded">\n{content}</xs:element>\n'
    return f"<xs:complexType><xs:sequence>\n{one}</xs:sequence></xs:complexType>\n"


def _wrapped(name: str, content: str, *, note: str = "", required: bool = True) -> str:
    least = "" if required else ' minOccurs="0"'
    return f"<xs:element name={quoteattr(name)}{least}>{_note(note)}\n{content}</xs:element>\n"


def _element(name: str, element: Element, *, required: bool = False) -> str:
    length = "" if element.length is None else f'<xs:length value="{element.length}"/>'
    facets = f"<xs:pattern value={quoteattr(element.pattern)}/>{length}"
    kind = f'<xs:simpleType><xs:restriction base="xs:string">{facets}</xs:restriction></xs:simpleType>'
    note = f"{element.japanese} ({element.shape})" if element.japanese else element.shape
    least = "" if required else ' minOccurs="0"'
    return f"<xs:element name={quoteattr(name)}{least}>{_note(note)}{kind}</xs:element>\n"


def _note(text: str) -> str:
    return f"<xs:annotation><xs:documentation>{escape(text)}</xs:documentation></xs:annotation>" if text else ""


if __name__ == "__main__":
    print(schema(), end="")  # noqa: T201  the command's only word
