"""Asks a 資格確認端末 through its shared folders: a request file into `req`, its answer out of `res`.

The terminal takes the request away, answers within seconds, writes its file in pieces and may pack it into an
encrypted ZIP. The folders are usually on another computer, where nothing tells of changes: so they are looked into.
An answer is personal and is deleted as soon as it was read.
"""

from __future__ import annotations

import io
import re
import secrets
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import SubElement, tostring

from clinic.elements import RESULT_ELEMENTS, UNKNOWN_CHARACTER, VALIDITY_REASONS
from clinic.national_service import InsuranceQuery, OnRecord, Query
from clinic.official_xml import MAX_BYTES, from_xml
from clinic.people import Result, Value
from clinic.record import results_of, text_of
from device.domain.certificate_window import JAPAN
from device.domain.errors import Fault, MessageError
from device.domain.reasons import Reason
from device.whole_file import PRIVATE, put_whole

LOOK_S = 0.2

_ZIP = b"PK\x03\x04"
_ENDED_NORMALLY = "1"
_NAMES = ("Name", "NameOfOther", "InsuredName")
_CONSENT = re.compile(r".+(ConsFlg|ConsTime|AvailableTime)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalLookup:
    """One terminal. For one thread; every question has files of its own."""

    requests: Path
    results: Path
    institution_code: str
    password: bytes | None = None
    patience_s: float = 15.0
    look_s: float = LOOK_S
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep

    def look_up(self, query: Query) -> OnRecord:
        """Ask by insurance data. Raise Fault(SERVICE_UNREACHABLE) when the terminal does not answer in time.

        Raise MessageError for an answer that cannot be used, and for a question by name, which it does not take.
        """
        if not isinstance(query, InsuranceQuery):
            raise MessageError("a terminal is asked by insurance data only", reason=Reason.SERVICE_REFUSED)
        name = secrets.token_hex(8)
        request = self.requests / f"OQSsiquc01req_{name}.xml"
        answer = self.results / f"OQSsiquc01res_{name}.xml"
        try:
            put_whole(request, self._request(query, name, datetime.now(UTC)), mode=PRIVATE)
            try:
                return self._read(self._await(answer))
            finally:
                # Whether it was taken or not: neither question nor answer stays behind.
                for path in (request, answer, answer.with_suffix(".zip")):
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise _away(f"its folders cannot be used: {error.strerror or error}") from error

    def _request(self, query: InsuranceQuery, name: str, now: datetime) -> bytes:
        root = Node("XmlMsg")
        header, body = SubElement(root, "MessageHeader"), SubElement(root, "MessageBody")
        search = SubElement(body, "QualificationConfirmSearchInfo")
        for parent, element, value in (
            (header, "QualificationConfirmationDate", f"{now.astimezone(JAPAN):%Y%m%d}"),
            (header, "MedicalInstitutionCode", self.institution_code),
            (header, "ArbitraryFileIdentifier", name),
            (search, "InsurerNumber", query.insurer_number.rjust(8)),
            (search, "InsuredCardSymbol", query.symbol),
            (search, "InsuredIdentificationNumber", query.number),
            (search, "InsuredBranchNumber", query.branch),
            (search, "Birthdate", query.birthdate),
            # 限度額 is handed over without asking since 2024-10.
            (search, "LimitApplicationCertificateRelatedConsFlg", "1"),
            (search, "ArbitraryIdentifier", name),
        ):
            if value is not None:
                SubElement(parent, element).text = value
        text = tostring(root, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n{text}\n'.encode()

    def _await(self, answer: Path) -> dict[str, object]:
        """Wait until the answer is there and whole: read twice the same, and complete XML."""
        end_s = self.clock() + self.patience_s
        before: bytes | None = None
        unusable: MessageError | None = None
        while self.clock() < end_s:
            content = _content(answer) or _content(answer.with_suffix(".zip"))
            if content is not None and content == before:
                try:
                    return from_xml(self._unpacked(content))
                except MessageError as error:
                    # It may have paused in the middle of writing; if nothing more comes, this is what is wrong.
                    unusable = error
            before = content
            self.wait(self.look_s)
        raise unusable or _away("the terminal did not answer in time")

    def _unpacked(self, content: bytes) -> bytes:
        if not content.startswith(_ZIP):
            return content
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                [only] = archive.infolist()
                if only.file_size > MAX_BYTES:
                    raise _unusable("what is packed is too large")
                with archive.open(only, pwd=self.password) as file:
                    # The size in the archive may lie.
                    return file.read(MAX_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError, EOFError) as error:
            raise _unusable(f"the ZIP does not open ({type(error).__name__}); is the password right?") from None

    def _read(self, document: dict[str, object]) -> OnRecord:
        if text_of(document, "SegmentOfResult") != _ENDED_NORMALLY:
            raise _unusable(f"the terminal says {_code(document, 'ErrorCode')}")
        validity = text_of(document, "QualificationValidity")
        if validity is None or validity not in VALIDITY_REASONS:
            raise _unusable(f"no validity: {_code(document, 'ProcessingResultCode')}")
        results = tuple(_known(result) for result in results_of(document))
        strange = any(UNKNOWN_CHARACTER in str(result.get(name, "")) for result in results for name in _NAMES)
        return OnRecord(validity, results, strange)


def _known(result: dict[str, object]) -> Result:
    """Keep the elements that we know; an unknown one is normal and means nothing to us."""
    kept: dict[str, Value] = {}
    for name, value in result.items():
        if name not in RESULT_ELEMENTS or _CONSENT.fullmatch(name):
            continue
        match value:
            case str():
                kept[name] = value
            case dict():
                kept[name] = {str(key): str(content) for key, content in value.items()}
            case list():
                kept[name] = tuple({str(key): str(content) for key, content in one.items()} for one in value)
            case _:
                continue
    return kept


def _content(path: Path) -> bytes | None:
    """Return what is in the file now; None while it is not there, or cannot be opened because it is being written."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, PermissionError):
        return None
    if len(content) > MAX_BYTES:
        raise _unusable(f"more than {MAX_BYTES} bytes")
    return content or None


def _code(document: dict[str, object], name: str) -> str:
    """Return a code if it looks like one; nothing else of an answer may reach a log."""
    code = text_of(document, name) or ""
    return code if re.fullmatch(r"[0-9A-Za-z-]{1,20}", code) else "nothing that can be told"


def _away(what: str) -> Fault:
    return Fault(what, part="terminal", reason=Reason.SERVICE_UNREACHABLE)


def _unusable(what: str) -> MessageError:
    return MessageError(f"the terminal's answer cannot be used: {what}", reason=Reason.SERVICE_REFUSED)
