"""The list of a day as CSV, for a spreadsheet or another program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from clinic.desk import Arrival
from device.domain.certificate_window import JAPAN

COLUMNS: Final = (
    "number",
    "time",
    "kana",
    "name",
    "birthdate",
    "verdict",
    "verified_by",
    "reason",
    "insurer_number",
    "late",
    "attended_by",
    "unit",
    "simulated",
    "reception",
)
FORMULA_STARTS: Final = frozenset("=+-@\t\r")
"""What spreadsheets would calculate (OWASP: CSV injection)."""


def day_list_csv(arrivals: Iterable[Arrival]) -> bytes:
    """Return one line for each visit, columns as in `COLUMNS`, UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in arrivals:
        writer.writerow(
            map(
                _plain,
                (
                    str(row.number),
                    f"{row.at.astimezone(JAPAN):%Y-%m-%d %H:%M:%S}",
                    row.kana,
                    row.name,
                    row.birthdate,
                    row.verdict.value,
                    None if row.verified_by is None else row.verified_by.value,
                    row.reason.value,
                    " / ".join(cover.insurer_number or "" for cover in row.coverages),
                    None if row.late is None else ("accepted" if row.late.accepted_at else "waiting"),
                    row.attended_by,
                    row.unit,
                    "yes" if row.simulated else "no",
                    row.reception,
                ),
            )
        )
    return text.getvalue().encode("utf-8-sig")


def _plain(value: str | None) -> str:
    if value and value[0] in FORMULA_STARTS:
        return f"'{value}"
    return value or ""
