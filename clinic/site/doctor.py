"""Is the site as it should be? Looks and changes nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from clinic.config import load_config
from clinic.parts import read_parts
from clinic.site.broker import check_broker
from clinic.site.files import check_files
from clinic.site.finding import Finding, error
from clinic.site.plan import Places, load_plan
from device.domain.errors import BadConfig
from device.domain.finding import Severity


def examine(folder: Path, *, now: datetime, connect: bool) -> list[Finding]:
    """Return what there is to say about the site in `folder`, the worst first; connect to its broker if asked to."""
    places = Places(folder)
    try:
        plan = load_plan(places.plan)
    except BadConfig as problem:
        return [error(places.plan, str(problem), "`uketsuke-clinic init DIR` makes a site")]
    found = [*check_files(places, now), *check_broker(places, plan, connect=connect)]
    try:
        read_parts(load_config(places.clinic_config), places.clinic)
    except BadConfig as problem:
        found.append(error(places.clinic_config, str(problem), "correct it; `uketsuke-clinic config check` says more"))
    return sorted(found, key=lambda finding: -finding.severity)


def worst(found: list[Finding]) -> Severity:
    """Return how bad the worst is."""
    return max((finding.severity for finding in found), default=Severity.NOTICE)
