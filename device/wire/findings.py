"""What each code of the unit's doctor means to people; the sentences stand in `findings.toml`.

Unit, desk and fleet take their words from here: what travels is the code alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from device.domain.finding import Finding, FindingCode, Severity
from device.wire.messages import Aware
from device.wire.texts import Text, parse_entries, parse_file, read_file

_FILE = "findings.toml"


class FindingEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one code."""

    severity: Literal["notice", "warning", "error"]
    what: Text
    cause: Text
    """May take `detail`."""
    to_do: Text
    """May take `where`."""

    @property
    def degree(self) -> Severity:
        """How bad it is."""
        return Severity[self.severity.upper()]


def parse(text: str, *, source: str = _FILE) -> Mapping[FindingCode, FindingEntry]:
    """Build the catalogue from TOML. Raise BadConfig naming the entry and the field that is not right."""
    tables = parse_file(text, source=source, tables=("findings",))
    entries = parse_entries(tables["findings"], FindingEntry, source=source, table="findings", names=FindingCode)
    return {FindingCode(code): entry for code, entry in entries.items()}


@cache
def catalogue() -> Mapping[FindingCode, FindingEntry]:
    """Return the catalogue that came with the program."""
    return parse(read_file(_FILE))


def severity_of(finding: Finding) -> Severity:
    """Return how bad a finding is."""
    return catalogue()[finding.code].degree


def worst(findings: Iterable[Finding]) -> Severity:
    """Return how bad the worst is."""
    return max(map(severity_of, findings), default=Severity.NOTICE)


def words_for(code: str) -> FindingEntry | None:
    """Return the words for a code that travelled; None for one that only newer programs know."""
    return next((entry for known, entry in catalogue().items() if known == code), None)


class Checkup(msgspec.Struct, frozen=True, kw_only=True):
    """What an examination came to: codes alone, so that it may travel."""

    at: Aware
    severity: Literal["notice", "warning", "error"]
    codes: Annotated[list[Annotated[str, Meta(pattern=r"^[a-z_]{1,64}$(?!\n)")]], Meta(max_length=200)]
    """`FindingCode`s of the unit's version, which may know more than its reader's: `words_for` takes any."""
    checks: Annotated[int, Meta(ge=0)]


def summary(findings: Iterable[Finding], *, checks: int, at: datetime) -> Checkup:
    """Return the examination in short."""
    found = list(findings)
    severity: Literal["notice", "warning", "error"] = catalogue()[found[0].code].severity if found else "notice"
    for one in found:
        if catalogue()[one.code].degree > Severity[severity.upper()]:
            severity = catalogue()[one.code].severity
    return Checkup(at=at, severity=severity, codes=sorted({one.code.value for one in found}), checks=checks)
