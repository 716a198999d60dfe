"""How keys lie on the matrix: which crossing of row and column is which key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Crossing = tuple[int, int]
"""Row and column of one key, both from 0."""


@dataclass(frozen=True, slots=True)
class Pad:
    """A key matrix by its keys, one string per row, one character per column."""

    rows: tuple[str, ...]

    @property
    def keys(self) -> str:
        """All keys, row by row."""
        return "".join(self.rows)

    @property
    def columns(self) -> int:
        """How many lines the keys of one row share with the other rows."""
        return len(self.rows[0])

    def key(self, crossing: Crossing) -> str:
        """Return the key at this row and column."""
        row, column = crossing
        return self.rows[row][column]

    def crossing(self, key: str) -> Crossing:
        """Return where this key lies. Raise ValueError for a key that the pad does not have."""
        for row, keys in enumerate(self.rows):
            if len(key) == 1 and key in keys:
                return row, keys.index(key)
        raise ValueError(f"the pad has no key {key!r}; it has {' '.join(self.keys)}")

    def decode(self, low: Mapping[int, Iterable[int]]) -> frozenset[str]:
        """Return the keys that conduct: `low` has, for each row that was driven low, the columns that read low."""
        return frozenset(self.key((row, column)) for row, columns in low.items() for column in columns)


PAD_4X3 = Pad(("123", "456", "789", "*0#"))
"""A telephone pad. Its 5 carries the raised dot."""
PAD_4X4 = Pad(("123A", "456B", "789C", "*0#D"))
"""The same with a fourth column, which carries no digits: A changes the language, B says the last sentence again."""


def pulled_down_by(row: int, closed: Iterable[Crossing]) -> frozenset[int]:
    """Return the columns that a driven row pulls down when these crossings conduct: ghosts included.

    The row pulls down every column it touches, and through a second key of that column another row, and so on: that
    is how three keys of a rectangle make the fourth.
    """
    crossings = frozenset(closed)
    rows, columns = {row}, frozenset[int]()
    while True:
        reached = frozenset(_columns_of(rows, crossings))
        if reached == columns:
            return columns
        columns = reached
        rows |= {crossing_row for crossing_row, column in crossings if column in columns}


def _columns_of(rows: set[int], crossings: frozenset[Crossing]) -> Iterator[int]:
    return (column for row, column in crossings if row in rows)
