"""What the doctor found, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from device.app.doctor.rounds import Told
from device.domain.finding import Finding, Severity
from device.wire.findings import catalogue, severity_of, worst

VERDICTS = {
    Severity.NOTICE: "すべてよし / all is well",
    Severity.WARNING: "動きますが、「!」を見てください / works, but look at what is marked !",
    Severity.ERROR: "動かないところがあります。「✗」から直してください / does not work as it should; begin with ✗",
}


def findings_of(told: Sequence[Told]) -> list[Finding]:
    """Return everything found, the worst first."""
    return sorted((one for each in told for one in each.findings), key=lambda one: -severity_of(one))


def lines(told: Sequence[Told]) -> Iterator[str]:
    """Yield the report for a terminal: each finding with cause and way out, Japanese and English, then the verdict."""
    found = findings_of(told)
    for finding in found:
        entry = catalogue()[finding.code]
        yield f"{severity_of(finding).mark} {entry.what.ja} / {entry.what.en}  [{finding.code}] {finding.where}"
        for name, text in (("", entry.cause), ("→ ", entry.to_do)):
            spoken = [text.say(each, detail=finding.detail or "-", where=finding.where) for each in ("ja", "en")]
            yield from (f"    {name}{words}" for words in dict.fromkeys(spoken))
    looked = sum(not each.skipped for each in told)
    yield f"{looked} / {len(told)} 項目を調べました / checks made"
    yield VERDICTS[worst(found)]


def document(told: Sequence[Told]) -> dict[str, Any]:
    """Return the report as JSON has it."""
    found = findings_of(told)
    return {
        "severity": worst(found).name.lower(),
        "findings": [_as_json(finding) for finding in found],
        "checks": {
            each.check.name: "skipped" if each.skipped else "found" if each.findings else "well" for each in told
        },
    }


def _as_json(finding: Finding) -> dict[str, Any]:
    entry = catalogue()[finding.code]
    values = {"detail": finding.detail, "where": finding.where}
    return {
        "code": finding.code,
        "severity": entry.severity,
        "where": finding.where,
        "detail": finding.detail,
        "what": {"ja": entry.what.ja, "en": entry.what.en},
        "cause": {"ja": entry.cause.say("ja", **values), "en": entry.cause.say("en", **values)},
        "to_do": {"ja": entry.to_do.say("ja", **values), "en": entry.to_do.say("en", **values)},
    }
