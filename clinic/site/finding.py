"""What the doctor of a site finds."""

from __future__ import annotations

from dataclasses import dataclass

from device.domain.finding import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is worth saying."""

    severity: Severity
    where: str
    """The file or the part."""
    what: str
    to_do: str


def error(where: object, what: str, to_do: str) -> Finding:
    """Return what does not work."""
    return Finding(Severity.ERROR, str(where), what, to_do)


def warning(where: object, what: str, to_do: str) -> Finding:
    """Return what will not work for long."""
    return Finding(Severity.WARNING, str(where), what, to_do)


def notice(where: object, what: str, to_do: str) -> Finding:
    """Return what is good to know."""
    return Finding(Severity.NOTICE, str(where), what, to_do)
