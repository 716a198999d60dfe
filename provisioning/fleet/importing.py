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

from device.domain.errors import BadConfig
from device.domain.values import SIMULATED_UNIT_PREFIX
from device.wire.messages import NAME
from device.wire.ticket import Ticket
from provisioning.broker import Branch
from provisioning.fleet.store.units import NewUnit
from provisioning.pki import SiteAuthority

MAX_BYTES = 8 * 1024 * 1024
COLUMNS = ("serial", "site", "profile")
_SERIAL = re.compile(r"[0-9A-Za-z._-]{1,64}")
_WORD = re.compile(NAME)


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
    words: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.words}"


def read_list(raw: bytes, *, where: str) -> tuple[list[Row], list[Problem]]:
    """Read a CSV with the columns `serial` and, if wanted, `site` and `profile`; `where` names it in errors.

    Return its rows and everything that is wrong with it. Raise BadConfig for what is no such list at all.
    """
    if len(raw) > MAX_BYTES:
        raise BadConfig(f"{len(raw)} bytes, the limit is {MAX_BYTES}", where=where)
    try:
        # A spreadsheet's CSV begins with a mark.
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfig(f"is not UTF-8 (byte {error.start}); save it as CSV UTF-8", where=where) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        names = [name.strip().lower() for name in header]
        unknown = set(names) - set(COLUMNS)
        if "serial" not in names or len(set(names)) != len(names) or unknown:
            there = ", ".join(header) or "nothing"
            extra = f"; it does not know {', '.join(sorted(unknown))}" if unknown else ""
            words = f"the first line has to name the columns: serial, and if wanted site and profile. It says {there}"
            raise BadConfig(words + extra, where=f"{where}: line 1")
        return _rows(reader, names)
    except csv.Error as error:
        raise BadConfig(f"is no CSV: {error}", where=f"{where}: line {reader.line_num}") from error


def _rows(reader: Iterator[list[str]], names: list[str]) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, fields in enumerate(reader, start=2):
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(names):
            problems.append(Problem(number, "-", f"has {len(fields)} fields, the first line has {len(names)}"))
            continue
        said = dict(zip(names, (field.strip() for field in fields), strict=True))
        wrong = [Problem(number, column, words) for column, words in _wrong_in(said)]
        serial = said["serial"]
        if not wrong and serial in seen:
            wrong = [Problem(number, "serial", f"{serial} stands in line {seen[serial]} already")]
        seen.setdefault(serial, number)
        problems += wrong
        rows.append(Row(number, serial, said.get("site", ""), said.get("profile", "")))
    if not rows and not problems:
        problems.append(Problem(1, "-", "there is no unit in the list"))
    return rows, problems


def _wrong_in(said: dict[str, str]) -> Iterator[tuple[str, str]]:
    if not _SERIAL.fullmatch(said["serial"]):
        yield "serial", f"{said['serial'][:40]!r} is not 1 to 64 letters, digits, . _ or -"
    for column in ("site", "profile"):
        if said.get(column) and not _WORD.fullmatch(said[column]):
            yield column, f"{said[column][:40]!r} is not 1 to 64 letters, digits, _ or -"


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
