"""From what is printed to the 14 digits, against an example that others published and every day that there is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.card.front.grammar import Era, PrintedDate, birth_date, may_lack_a_digit
from device.card.front.recogniser import Text
from device.card.front.rules import ERAS, FrontRules, calendar_date, reference_number
from device.domain.secrets import ReferenceNumberB
from device.sim.card import CardFrontPrint

RULES = FrontRules(accept=0.9, retry=0.5)
TODAY = date(2026, 4, 6)


def printed(day: date) -> PrintedDate:
    era, (first, _) = next((era, days) for era, days in ERAS.items() if days[0] <= day <= days[1])
    return PrintedDate(era, day.year - first.year + 1, day.month, day.day)


def western(day: date) -> PrintedDate:
    return PrintedDate(Era.WESTERN, day.year, day.month, day.day)


def number(birth: PrintedDate, expiry: PrintedDate, code: bytes = b"2285") -> ReferenceNumberB | None:
    return reference_number(birth, expiry, bytearray(code), today=TODAY, rules=RULES)


def test_the_published_example() -> None:
    """Born 1980-02-17 (昭和 55), expiry 2035, code 2285 (a public measurement on a test card)."""
    read = number(printed(date(1980, 2, 17)), western(date(2035, 2, 17)))
    assert read is not None
    assert bytes(read.reveal()) == b"55021720352285"


@given(born=st.dates(date(1905, 1, 1), TODAY), ahead=st.integers(0, 10), code=st.integers(0, 9999))
def test_what_is_read_is_what_the_card_knows(born: date, ahead: int, code: int) -> None:
    assume((born.month, born.day) != (2, 29))
    expiry = born.replace(year=TODAY.year + ahead)
    read = number(printed(born), western(expiry), b"%04d" % code)
    assert read is not None
    assert read.reveal() == CardFrontPrint(born, expiry, f"{code:04d}").reference_number().reveal()


@pytest.mark.parametrize(
    ("born", "day"),
    [
        (PrintedDate(Era.SHOWA, 64, 1, 7), date(1989, 1, 7)),
        (PrintedDate(Era.SHOWA, 64, 1, 8), None),
        (PrintedDate(Era.HEISEI, 1, 1, 8), date(1989, 1, 8)),
        (PrintedDate(Era.HEISEI, 1, 1, 7), None),
        (PrintedDate(Era.HEISEI, 31, 4, 30), date(2019, 4, 30)),
        (PrintedDate(Era.HEISEI, 31, 5, 1), None),
        (PrintedDate(Era.REIWA, 1, 5, 1), date(2019, 5, 1)),
        (PrintedDate(Era.SHOWA, 55, 2, 30), None),
        (PrintedDate(Era.SHOWA, 0, 2, 3), None),
    ],
)
def test_an_era_begins_and_ends_on_its_days(born: PrintedDate, day: date | None) -> None:
    assert calendar_date(born) == day


@pytest.mark.parametrize(
    ("born", "ends"),
    [
        (date(2026, 4, 7), date(2031, 4, 7)),
        (date(1890, 2, 3), date(2030, 2, 3)),
        (date(1980, 2, 17), date(2024, 2, 17)),
        (date(1980, 2, 17), date(2037, 2, 17)),
        (date(1980, 2, 17), date(2030, 2, 18)),
    ],
)
def test_what_cannot_stand_on_one_valid_card_is_no_number(born: date, ends: date) -> None:
    assert number(printed(born), western(ends)) is None


def test_a_birth_on_a_leap_day_ends_on_it_or_beside_it() -> None:
    born = printed(date(1980, 2, 29))
    assert all(number(born, western(day)) for day in (date(2030, 2, 28), date(2030, 3, 1), date(2028, 2, 29)))
    assert number(born, western(date(2030, 3, 2))) is None


def test_a_gregorian_birth_year_does_not_count_unless_somebody_says_so() -> None:
    born, ends = western(date(1980, 2, 17)), western(date(2035, 2, 17))
    assert number(born, ends) is None
    allowed = FrontRules(accept=0.9, retry=0.5, western_birth_years=True)
    read = reference_number(born, ends, bytearray(b"2285"), today=TODAY, rules=allowed)
    assert read is not None
    assert bytes(read.reveal()) == b"80021720352285"


@pytest.mark.parametrize(
    ("birth", "expiry"), [((1, 25), (11, 25)), ((11, 25), (1, 25)), ((11, 1), (11, 11)), ((3, 22), (3, 2))]
)
def test_a_repeat_that_one_date_has_lost_comes_back_from_the_other(
    birth: tuple[int, int], expiry: tuple[int, int]
) -> None:
    read = number(PrintedDate(Era.SHOWA, 37, *birth), PrintedDate(Era.WESTERN, 2028, *expiry))
    assert read is not None
    month, day = (max(one, other) for one, other in zip(birth, expiry, strict=True))
    assert bytes(read.reveal()) == b"37%02d%02d20282285" % (month, day)


def test_other_differences_between_the_two_dates_stay_implausible() -> None:
    assert number(PrintedDate(Era.SHOWA, 37, 1, 25), PrintedDate(Era.WESTERN, 2028, 7, 25)) is None
    assert number(PrintedDate(Era.SHOWA, 37, 3, 2), PrintedDate(Era.WESTERN, 2028, 3, 12)) is None


@pytest.mark.parametrize(
    ("line", "year"), [(b"sw8Y3M31Db", 8), (b"rwgY5M1Db", 1), (b"sw1Y3M31Db", None), (b"sw11Y3M31Db", 11)]
)
def test_a_first_year_is_a_character_of_its_own_and_never_a_one(line: bytes, year: int | None) -> None:
    text = Text(bytearray(line), [1.0] * len(line))
    found = birth_date(text, 0.99)
    assert (found and found.year) == year
    assert found is None or may_lack_a_digit(found) is (year == 8)
