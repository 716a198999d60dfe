"""From three printed fields to 照合番号B, and everything that a card cannot say.

照合番号B is the birth date as YYMMDD with the year as printed (so that of the era), the card's expiry year as YYYY, and
the security code. It has no check digit, so whatever the print says twice is checked instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from device.card.front.grammar import Era, PrintedDate
from device.domain.secrets import ReferenceNumberB

ERAS: Final = {
    Era.MEIJI: (date(1868, 1, 25), date(1912, 7, 29)),
    Era.TAISHO: (date(1912, 7, 30), date(1926, 12, 24)),
    Era.SHOWA: (date(1926, 12, 25), date(1989, 1, 7)),
    Era.HEISEI: (date(1989, 1, 8), date(2019, 4, 30)),
    Era.REIWA: (date(2019, 5, 1), date.max),
}
"""First and last day; the first year of an era is the rest of the calendar year that it began in."""

MOST_YEARS_AHEAD: Final = 10
"""A card lasts until the holder's tenth birthday after it was issued, a child's until the fifth."""
MOST_YEARS_BEHIND: Final = 1
"""A certificate is accepted for up to three months after it ended, so one that ended last December may come."""
OLDEST_AGE_YEARS: Final = 125


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontRules:
    """What is believed of a front."""

    accept: float
    """A date is taken at once when every digit of it is so certain, from 0 to 1."""
    retry: float
    """Down to this a second look, at other pixels, must say the same.

    Both belong to the network: they stand in its manifest entry.
    """
    western_birth_years: bool = False
    """Whether a Gregorian birth year counts, with its last two digits.

    Foreign residents' cards carry one. That 照合番号B then takes its last two digits is known of the card before this
    one (住民基本台帳カード) alone, and a guess may not cost a try: off until somebody has seen it work.
    """


def calendar_date(printed: PrintedDate) -> date | None:
    """Return the day that is printed, None if there is no such day in that era."""
    first, last = ERAS.get(printed.era, (date(1, 1, 1), date.max))
    year_zero = first.year - 1
    try:
        day = date(year_zero + printed.year, printed.month, printed.day)
    except ValueError:
        return None
    return day if first <= day <= last else None


def reference_number(
    birth: PrintedDate, expiry: PrintedDate, code: bytearray, *, today: date, rules: FrontRules
) -> ReferenceNumberB | None:
    """Return 照合番号B, None if the three fields cannot stand on one valid card."""
    if birth.era is not Era.WESTERN:
        birth, expiry = _mended(birth, expiry)
    born, ends = calendar_date(birth), calendar_date(expiry)
    if born is None or ends is None or not _alive(born, today):
        return None
    if not today.year - MOST_YEARS_BEHIND <= ends.year <= today.year + MOST_YEARS_AHEAD:
        return None
    if birth.era is Era.WESTERN:
        if not rules.western_birth_years:
            return None
    elif not _birthday(born, ends):
        return None
    digits = bytearray(b"%02d%02d%02d%04d" % (birth.year % 100, birth.month, birth.day, ends.year)) + code
    try:
        return ReferenceNumberB(digits)
    finally:
        digits[:] = bytes(len(digits))


def _mended(birth: PrintedDate, expiry: PrintedDate) -> tuple[PrintedDate, PrintedDate]:
    """Give back a repeated digit that one of the dates has lost.

    Month and day are printed twice. Between two equal narrow digits the network now and then sees no gap, and 11 comes
    out as 1; that it sees a digit that is not there is not known.
    """
    month, day = _with_its_repeat(birth.month, expiry.month), _with_its_repeat(birth.day, expiry.day)
    return replace(birth, month=month[0], day=day[0]), replace(expiry, month=month[1], day=day[1])


def _with_its_repeat(one: int, other: int) -> tuple[int, int]:
    low, high = sorted((one, other))
    return (high, high) if high == 11 * low else (one, other)


def _alive(born: date, today: date) -> bool:
    return born <= today and today.year - born.year <= OLDEST_AGE_YEARS


def _birthday(born: date, ends: date) -> bool:
    """A national's card ends on a birthday, so month and day are printed twice; for 29 February both neighbours do."""
    if (born.month, born.day) == (2, 29):
        return (ends.month, ends.day) in {(2, 28), (2, 29), (3, 1)}
    return (born.month, born.day) == (ends.month, ends.day)
