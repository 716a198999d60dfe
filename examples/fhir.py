"""Every visit as a FHIR R4 CoverageEligibilityResponse: `python -m examples.fhir clinic.toml FOLDER`.

A starting point for a FHIR server's own profile (JP Core has none for this resource): identifiers are under `urn:`
names of this example, and nothing is said of benefits.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from clinic.consumer import Visit, open_consumer
from clinic.record import results_of, text_of

SYSTEM = "urn:uketsuke:"
_OUTCOMES = {"1": "complete", "6": "complete"}


def response(visit: Visit) -> dict[str, object]:
    """Return the resource for a visit that has a qualification."""
    qualification = visit.qualification or {}
    validity = text_of(qualification, "QualificationValidity") or ""
    results = results_of(qualification)
    first = results[0] if results else {}
    return {
        "resourceType": "CoverageEligibilityResponse",
        "id": visit.record.reception,
        "identifier": [{"system": f"{SYSTEM}reception", "value": visit.record.reception}],
        "status": "active",
        "purpose": ["validation"],
        "patient": {
            "display": text_of(first, "Name") or "unknown",
            "identifier": {"system": f"{SYSTEM}insured", "value": _insured(first)},
        },
        "servicedDate": visit.record.day,
        "created": visit.record.happened_at.isoformat(),
        "request": {"display": f"eligibility at {visit.record.unit}"},
        "outcome": _OUTCOMES.get(validity, "partial"),
        "disposition": f"QualificationValidity {validity}",
        "insurer": {
            "display": text_of(first, "InsurerName") or "unknown",
            "identifier": {"system": f"{SYSTEM}insurer", "value": (text_of(first, "InsurerNumber") or "").strip()},
        },
        # Several mean that nobody may pick one without asking; FHIR lists them side by side.
        "insurance": [
            {"coverage": {"display": _insured(result)}, "inforce": validity in _OUTCOMES} for result in results
        ],
    }


def _insured(result: dict[str, object]) -> str:
    names = ("InsurerNumber", "InsuredCardSymbol", "InsuredIdentificationNumber", "InsuredBranchNumber")
    return "|".join((text_of(result, name) or "").strip() for name in names)


def into(folder: Path) -> Callable[[Visit], None]:
    """Return what writes a visit's resource into a folder; visits without a qualification have none."""

    def save(visit: Visit) -> None:
        if visit.qualification is not None:
            path = folder / f"{visit.record.reception}.json"
            path.write_text(json.dumps(response(visit), ensure_ascii=False, indent=1), encoding="utf-8")

    return save


def main() -> None:
    """Run it."""
    with open_consumer(Path(sys.argv[1]), "fhir", into(Path(sys.argv[2]))) as consumer:
        consumer.wait()


if __name__ == "__main__":
    main()
