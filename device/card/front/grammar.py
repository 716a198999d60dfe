"""Which words are a birth date, which are a card's expiry, which are a security code.

A date is told by its wording: a birth date ends in 生, a card's expiry in まで有効. So the date that somebody wrote
behind 電子証明書の有効期限 is neither, and neither is anything on the card's back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from device.card.front.recogniser import Text
from device.card.front.symbols import UNKNOWN

_BIRTH: Final = re.compile(rb"(?P<era>mj|ti|sw|he|rw)?(?P<year>g|\d{1,4})Y(?P<month>\d{1,2})M(?P<day>\d{1,2})Db")
_EXPIRY: Final = re.compile(rb"(?P<year>\d{4})Y(?P<month>\d{1,2})M(?P<day>\d{1,2})D(?P<tail>[advk?]{2,5})")
_ANY_DATE: Final = re.compile(rb"\d[YMD]")
LEAST_OF_DAY: Final = 0.6
LEAST_OF_TAIL: Final = 2
"""Of the four characters まで有効, the ones that a date with another meaning never has."""
_CODE_DIGITS: Final = 4
_WESTERN_DIGITS: Final = 4
_FIRST_YEAR: Final = ord("g")
_ZERO: Final = ord("0")


class Era(StrEnum):
    """How the year of a birth date is counted."""

    MEIJI = "mj"
    TAISHO = "ti"
    SHOWA = "sw"
    HEISEI = "he"
    REIWA = "rw"
    WESTERN = ""


@dataclass(frozen=True, slots=True)
class PrintedDate:
    """A date as it is printed; its numbers are not checked yet."""

    era: Era = field(repr=False)
    year: int = field(repr=False)
    """Of the era; 元 is 1."""
    month: int = field(repr=False)
    day: int = field(repr=False)


def birth_date(text: Text, least_certainty: float) -> PrintedDate | None:
    """Return the birth date in this line, if there is exactly one and each digit of it is certain enough."""
    found = _only(_BIRTH, text, least_certainty, _of_day(least_certainty))
    if found is None or (found.start("era") < 0 and min(text.certainties[slice(*found.span())]) < least_certainty):
        return None
    start, end = found.span("year")
    first_year = text.symbols[start] == _FIRST_YEAR
    era = Era.WESTERN if found.start("era") < 0 else Era(found["era"].decode())
    if (end - start == _WESTERN_DIGITS) != (era is Era.WESTERN) or (era is Era.WESTERN and first_year):
        return None
    if text.symbols[start:end] == b"1":
        return None  # the first year is printed as 元, so this is an 11 that lost its repeat
    return PrintedDate(era, 1 if first_year else _number(found, "year"), _number(found, "month"), _number(found, "day"))


def expiry_date(text: Text, least_certainty: float) -> PrintedDate | None:
    """Return the card's expiry in this line, if there is exactly one and each digit of it is certain enough."""
    found = _only(_EXPIRY, text, least_certainty, _of_day(least_certainty))
    if found is None or len({*found["tail"]} - {UNKNOWN}) < LEAST_OF_TAIL:
        return None
    return PrintedDate(Era.WESTERN, _number(found, "year"), _number(found, "month"), _number(found, "day"))


def may_lack_a_digit(birth: PrintedDate) -> bool:
    """Whether the year may be two equal digits of which the network saw one; month and day are on the card twice."""
    return birth.era is not Era.WESTERN and 1 < birth.year < 10  # noqa: PLR2004  the first year is a 元


def is_date(text: Text) -> bool:
    """Whether some date, or a part of one, stands in this line, whatever it means."""
    return _ANY_DATE.search(text.symbols) is not None


def is_code(text: Text) -> bool:
    """Whether this is four digits and nothing else."""
    return len(text.symbols) == _CODE_DIGITS and text.symbols.isdigit()


def _of_day(least_certainty: float) -> float:
    """Month and day may be ten times more doubtful than a year: they stand on the card twice, and `rules` compares."""
    return max(LEAST_OF_DAY, 1 - 10 * (1 - least_certainty))


def _number(found: re.Match[bytes], group: str) -> int:
    """Return the group's value digit by digit, because a copy of the digits could not be overwritten."""
    value = 0
    for index in range(*found.span(group)):
        value = 10 * value + found.string[index] - _ZERO
    return value


def _only(pattern: re.Pattern[bytes], text: Text, least_certainty: float, of_day: float) -> re.Match[bytes] | None:
    matches = list(pattern.finditer(text.symbols))
    if len(matches) != 1:
        return None
    (found,) = matches
    before = text.symbols[found.start() - 1] if found.start() else 0
    if _ZERO <= before <= _ZERO + 9:
        return None  # the year goes on to the left
    year, month, day = (min(text.certainties[slice(*found.span(group))]) for group in ("year", "month", "day"))
    return found if year >= least_certainty and min(month, day) >= of_day else None
