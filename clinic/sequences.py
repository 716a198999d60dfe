"""Which numbers of a unit's results have come: as ranges, so a unit may count for ever in a few bytes."""

from __future__ import annotations

import sqlite3

SCHEMA = """
CREATE TABLE sequences (
    unit TEXT NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (unit, low)
) STRICT, WITHOUT ROWID;
"""


def note(base: sqlite3.Connection, unit: str, sequence: int) -> bool:
    """Note a number; False when it had come before. Inside the caller's transaction."""
    own = "SELECT low, high FROM sequences WHERE unit = ? AND low <= ? ORDER BY low DESC LIMIT 1"
    below: tuple[int, int] | None = base.execute(own, (unit, sequence)).fetchone()
    if below is not None and sequence <= below[1]:
        return False
    above: tuple[int, int] | None = base.execute(
        "SELECT low, high FROM sequences WHERE unit = ? AND low = ?", (unit, sequence + 1)
    ).fetchone()
    low = below[0] if below is not None and below[1] == sequence - 1 else sequence
    high = above[1] if above is not None else sequence
    if above is not None:
        base.execute("DELETE FROM sequences WHERE unit = ? AND low = ?", (unit, above[0]))
    base.execute("INSERT OR REPLACE INTO sequences VALUES (?, ?, ?)", (unit, low, high))
    return True


def following(base: sqlite3.Connection, unit: str) -> int:
    """Return the number after the highest that came."""
    row: tuple[int] = base.execute(
        "SELECT coalesce(max(high), 0) + 1 FROM sequences WHERE unit = ?", (unit,)
    ).fetchone()
    return row[0]


def missing(base: sqlite3.Connection, unit: str) -> int:
    """Return how many numbers below the unit's highest have not come, from its first on."""
    row: tuple[int | None] = base.execute(
        "SELECT max(high) - min(low) + 1 - sum(high - low + 1) FROM sequences WHERE unit = ?", (unit,)
    ).fetchone()
    return row[0] or 0
