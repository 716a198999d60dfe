"""A qualification as the official XML file, and back. Emitted and read by element name, every value a string.

`XmlMsg / MessageHeader + MessageBody / ResultList / ResultOfQualificationConfirmation (0..n)`. The order of elements
is not fixed in the official interface: what we write has one, what we read may have any. `clinic.schema` has the XSD.

What is read comes from a folder that others write to, so it is parsed with limits: no document type (and with it no
entity, no file and no address that a parser would follow), no more than `MAX_BYTES`, no deep nesting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NoReturn
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import SubElement, TreeBuilder, indent, tostring
from xml.parsers import expat

from clinic.elements import RESULT_ELEMENTS, UNKNOWN_CHARACTER, Group
from clinic.record import RESULT_LIST
from device.domain.errors import MessageError
from device.domain.reasons import Reason

MAX_BYTES = 4 * 1024 * 1024
"""As much as other programs take from this folder."""

MAX_DEPTH = 12
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML has no way to write."""

_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9_-]+)[\"']")

HEADER = (
    "ProcessExecutionTime",
    "QualificationConfirmationDate",
    "MedicalInstitutionCode",
    "ArbitraryFileIdentifier",
    "ReferenceClassification",
    "SegmentOfResult",
    "ErrorCode",
    "ErrorMessage",
    "CharacterCodeIdentifier",
)
"""Elements of the header; everything else of a document stands in the body."""

BODY = (
    "ProcessingResultStatus",
    "ProcessingResultCode",
    "ProcessingResultMessage",
    "QualificationValidity",
    "PrescriptionIssueSelect",
)


class Encoding(StrEnum):
    """How a file's characters are written, as its declaration says it."""

    UTF_8 = "UTF-8"
    SHIFT_JIS = "Shift_JIS"

    @property
    def identifier(self) -> str:
        """文字コード識別, OQSCD005."""
        return "0" if self is Encoding.UTF_8 else "1"

    @property
    def codec(self) -> str:
        """Windows' own Shift_JIS: what a receipt computer means by that name."""
        return "utf-8" if self is Encoding.UTF_8 else "cp932"


def to_xml(document: Mapping[str, object], encoding: Encoding) -> bytes:
    """Return a qualification as a file's bytes. What `encoding` has no code for becomes ●, as it officially does."""
    root = Node("XmlMsg")
    header, body = SubElement(root, "MessageHeader"), SubElement(root, "MessageBody")
    for name in HEADER:
        _put(header, name, encoding.identifier if name == "CharacterCodeIdentifier" else document.get(name))
    for name in BODY:
        _put(body, name, document.get(name))
    results = document.get(RESULT_LIST)
    if isinstance(results, Sequence) and results:
        into = SubElement(body, "ResultList")
        for result in results:
            _put(into, RESULT_LIST, result)
    indent(root, space="")
    text = f'<?xml version="1.0" encoding="{encoding}" standalone="no"?>\n{tostring(root, encoding="unicode")}\n'
    return _encoded(text, encoding)


def from_xml(content: bytes) -> dict[str, object]:
    """Read a file's bytes. Raise MessageError for what is no such file; what it holds is never quoted."""
    root = _parse(_decoded(content))
    if root.tag != "XmlMsg":
        _refuse("not an XmlMsg")
    document: dict[str, object] = {}
    for part in root:
        if part.tag in {"MessageHeader", "MessageBody"}:
            document |= {child.tag: _value(child) for child in part if child.tag != "ResultList"}
    found = root.findall(f"MessageBody/ResultList/{RESULT_LIST}")
    document[RESULT_LIST] = [_result(node) for node in found]
    return document


def _put(parent: Node, name: str, value: object) -> None:
    match value:
        case str():
            SubElement(parent, name).text = _NO_XML.sub(UNKNOWN_CHARACTER, value)
        case Mapping():
            node = SubElement(parent, name)
            for child, content in value.items():
                _put(node, str(child), content)
        case Sequence():
            what = RESULT_ELEMENTS[name]
            node = SubElement(parent, name)
            for one in value:
                _put(node, what.item if isinstance(what, Group) and what.item else name, one)
        case _:
            return


def _encoded(text: str, encoding: Encoding) -> bytes:
    try:
        return text.encode(encoding.codec)
    except UnicodeEncodeError:
        return "".join(sign if _has_code(sign, encoding) else UNKNOWN_CHARACTER for sign in text).encode(encoding.codec)


def _has_code(sign: str, encoding: Encoding) -> bool:
    try:
        sign.encode(encoding.codec)
    except UnicodeEncodeError:
        return False
    return True


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        _refuse(f"{len(content)} bytes, the limit is {MAX_BYTES}")
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode().casefold() if declared else "utf-8"
    codec = {"utf-8": "utf-8-sig", "shift_jis": "cp932", "windows-31j": "cp932"}.get(name)
    if codec is None:
        _refuse("neither UTF-8 nor Shift_JIS")
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        _refuse("not in the encoding that it declares")


def _parse(text: str) -> Node:
    builder = TreeBuilder()
    depth = 0
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            _refuse("nested too deeply")
        builder.start(tag, {})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def doctype(*_what: object) -> None:
        # Entities are declared there: without it none can grow, and none can name a file or an address.
        _refuse("a document type is not taken")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        # Text, so that the declared encoding has been dealt with; expat knows no Shift_JIS.
        parser.Parse(text, True)  # noqa: FBT003  expat's own "this is all"
        return builder.close()
    except (expat.ExpatError, AssertionError):
        _refuse("not well-formed XML")


def _result(node: Node) -> dict[str, object]:
    return {child.tag: _value(child) for child in node}


def _value(node: Node) -> object:
    if len(node) == 0:
        return node.text or ""
    what = RESULT_ELEMENTS.get(node.tag)
    if isinstance(what, Group) and what.item is not None:
        return [_result(child) for child in node]
    return _result(node)


def _refuse(why: str) -> NoReturn:
    raise MessageError(f"an answer file that is not taken: {why}", reason=Reason.SERVICE_REFUSED)
