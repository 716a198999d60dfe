from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from device.domain.secrets import ReferenceNumberB

_ERAS = (
    (date(2019, 5, 1), 2018),  # 令和
    (date(1989, 1, 8), 1988),  # 平成
    (date(1926, 12, 25), 1925),  # 昭和
    (date(1912, 7, 30), 1911),  # 大正
    (date(1868, 1, 25), 1867),  # 明治
)
"""First day of each era, and the year that is its year zero."""


@dataclass(frozen=True, slots=True)
class CardFrontPrint:
    """What is printed on the front of a card and goes into 照合番号B."""

    birth_date: date
    expiry: date
    """The card's, not the certificate's."""
    security_code: str
    """4 digits, printed under the portrait."""

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9]{4}", self.security_code):
            raise ValueError("a security code is 4 digits")
        if self.birth_date < _ERAS[-1][0]:
            raise ValueError("nobody with a card was born before 明治")

    def reference_number(self) -> ReferenceNumberB:
        """Return 照合番号B as somebody reads it off the card: the birth year is that of the Japanese era."""
        year_zero = next(zero for first_day, zero in _ERAS if self.birth_date >= first_day)
        birth = f"{self.birth_date.year - year_zero:02d}{self.birth_date:%m%d}"
        return ReferenceNumberB(f"{birth}{self.expiry.year:04d}{self.security_code}".encode())
