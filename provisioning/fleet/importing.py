"""From a list of serial numbers to units and tickets: all rows or none."""

from __future__ import annotations

import base64
import csv
import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from device.domain.values import SIMULATED_UNIT_PREFIX
from device.wire.messages import NAME
from device.wire.texts import Sentence, Text
from device.wire.ticket import Ticket
from provisioning.broker import Branch
from provisioning.fleet.store.units import NewUnit
from provisioning.pki import SiteAuthority
from provisioning.web.refusals import NotRightError

MAX_BYTES = 8 * 1024 * 1024
COLUMNS = ("serial", "site", "profile")
_SERIAL = re.compile(r"[0-9A-Za-z._-]{1,64}")
_WORD = re.compile(NAME)
_FIELDS = Text(ja="{here}列あります。1行目は{there}列です。", en="has {here} fields, the first line has {there}")
_TWICE = Text(ja="{serial} は{line}行目にもあります。", en="{serial} stands in line {line} already")
_EMPTY = Text(ja="端末が一つもありません。", en="there is no unit in the list")
_NO_SERIAL = Text(
    ja="{here} は使えません。半角の英数字と . _ - で1〜64文字です。",
    en="{here} is not 1 to 64 letters, digits, . _ or -",
)
_NO_NAME = Text(
    ja="{here} は使えません。半角の英数字と _ - で1〜64文字です。",
    en="{here} is not 1 to 64 letters, digits, _ or -",
)
_NOT_UTF_8 = Text(
    ja="UTF-8ではありません({byte}バイト目)。「CSV UTF-8」で保存してください。",
    en="is not UTF-8 (byte {byte}); save it as CSV UTF-8",
)
_TOO_LARGE = Text(ja="{size}バイトあります。上限は{limit}バイトです。", en="{size} bytes, the limit is {limit}")
_NO_COLUMNS = Text(
    ja="1行目に列の名前が必要です: serial、必要なら site と profile。いまは: {there}",
    en="the first line has to name the columns: serial, and if wanted site and profile. It says {there}",
)
_UNKNOWN_COLUMNS = Text(
    ja="1行目に知らない列があります: {unknown}。列は serial、必要なら site と profile です。",
    en="it does not know {unknown}: the columns are serial, and if wanted site and profile",
)
_NO_CSV = Text(ja="CSVとして読めません({line}行目): {why}", en="is no CSV (line {line}): {why}")


@dataclass(frozen=True, slots=True)
class Row:
    """One unit of a list."""

    line: int
    serial: str
    site: str
    profile: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a list, and where."""

    line: int
    column: str
    words: Sentence

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.words}"


def read_list(raw: bytes, *, where: str) -> tuple[list[Row], list[Problem]]:
    """Read a CSV with the columns `serial` and, if wanted, `site` and `profile`; `where` names it in errors.

    Return its rows and everything that is wrong with it. Raise BadConfig for what is no such list at all.
    """
    if len(raw) > MAX_BYTES:
        raise NotRightError(_TOO_LARGE, where=where, size=len(raw), limit=MAX_BYTES)
    try:
        # A spreadsheet's CSV begins with a mark.
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotRightError(_NOT_UTF_8, where=where, byte=error.start) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        names = [name.strip().lower() for name in header]
        unknown = set(names) - set(COLUMNS)
        if unknown:
            raise NotRightError(_UNKNOWN_COLUMNS, where=f"{where}: line 1", unknown=", ".join(sorted(unknown)))
        if "serial" not in names or len(set(names)) != len(names):
            raise NotRightError(_NO_COLUMNS, where=f"{where}: line 1", there=", ".join(header) or "—")
        return _rows(reader, names)
    except csv.Error as error:
        raise NotRightError(_NO_CSV, where=where, line=reader.line_num, why=str(error)) from error


def _rows(reader: Iterator[list[str]], names: list[str]) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, fields in enumerate(reader, start=2):
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(names):
            problems.append(Problem(number, "-", Sentence(_FIELDS, {"here": len(fields), "there": len(names)})))
            continue
        said = dict(zip(names, (field.strip() for field in fields), strict=True))
        wrong = [Problem(number, column, words) for column, words in _wrong_in(said)]
        serial = said["serial"]
        if not wrong and serial in seen:
            wrong = [Problem(number, "serial", Sentence(_TWICE, {"serial": serial, "line": seen[serial]}))]
        seen.setdefault(serial, number)
        problems += wrong
        rows.append(Row(number, serial, said.get("site", ""), said.get("profile", "")))
    if not rows and not problems:
        problems.append(Problem(1, "-", Sentence(_EMPTY)))
    return rows, problems


def _wrong_in(said: dict[str, str]) -> Iterator[tuple[str, Sentence]]:
    if not _SERIAL.fullmatch(said["serial"]):
        yield "serial", Sentence(_NO_SERIAL, {"here": repr(said["serial"][:40])})
    for column in ("site", "profile"):
        if said.get(column) and not _WORD.fullmatch(said[column]):
            yield column, Sentence(_NO_NAME, {"here": repr(said[column][:40])})


def new_units(rows: list[Row], branch: Branch) -> list[NewUnit]:
    """Give each row a name. It says nothing of serial number or site: it stands in topics and certificates."""
    prefix = SIMULATED_UNIT_PREFIX if branch is Branch.SIMULATION else "u-"
    return [NewUnit(name=prefix + _word(), serial=row.serial, site=row.site, profile=row.profile) for row in rows]


def new_claim() -> str:
    """Return a claim's name."""
    return "c-" + _word()


def make_ticket(
    claim: str,
    *,
    signer: SiteAuthority,
    fleet: x509.Certificate,
    host: str,
    port: int,
    now: datetime,
    lifetime: timedelta,
) -> Ticket:
    """Make the ticket of a claim: a new key, its certificate by the claims' authority, and the fleet's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = signer.certify(key.public_key(), claim, now=now, lifetime=lifetime)
    return Ticket(host=host, port=port, key=key, certificate=certificate, authority=fleet)


def _word() -> str:
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()
