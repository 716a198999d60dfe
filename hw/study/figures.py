"""Figures out of records: what a study is reckoned from, and the questions that are put to all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hw.study.errors import CannotStudy

MOST_NAMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measurement of one unit in one run."""

    name: str
    value: float
    serial: str
    where: str
    """File and row, or record, for messages."""
    unit: str = ""
    tester: str = ""
    station: str = ""
    ended: datetime | None = None
    lower: float | None = None
    upper: float | None = None
    simulated: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the unit."""


def of_one_kind(figures: Iterable[Figure], name: str) -> list[Figure]:
    """Return the figures of one measurement. Raise CannotStudy where they do not go together."""
    all_of_them = list(figures)
    chosen = [each for each in all_of_them if each.name == name]
    if not chosen:
        names = sorted({each.name for each in all_of_them})
        near = difflib.get_close_matches(name, names, MOST_NAMES) or names[:MOST_NAMES]
        raise CannotStudy(f"there is no figure of {name!r}; there is {', '.join(near) or 'none at all'}")
    first = chosen[0]
    for each in chosen:
        if each.unit != first.unit:
            raise CannotStudy(f"{each.where}: {name} is in {each.unit!r}, but in {first.unit!r} at {first.where}")
        if each.simulated != first.simulated:
            raise CannotStudy(f"{each.where}: simulated and real units are never studied together ({first.where})")
    return chosen


def last_of_each_unit(figures: Iterable[Figure]) -> list[Figure]:
    """Return each unit's last figure: a unit that was tried again counts once."""
    last: dict[str, Figure] = {}
    for each in in_order(figures):
        last[each.serial] = each
    return list(last.values())


def in_order(figures: Iterable[Figure]) -> list[Figure]:
    """Return them by time; those without one stay in the order of their file, before all others."""
    return sorted(figures, key=lambda each: (each.ended is not None, each.ended.timestamp() if each.ended else 0.0))


def limits_of(figures: Sequence[Figure]) -> tuple[float | None, float | None]:
    """Return the limits that all of them were judged by. Raise CannotStudy where these changed in between."""
    first = figures[0]
    for each in figures:
        if (each.lower, each.upper) != (first.lower, first.upper):
            raise CannotStudy(f"{each.where}: other limits than at {first.where}; a study needs one pair of them")
    return first.lower, first.upper
