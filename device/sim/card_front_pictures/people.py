"""Invented people, drawn so that every era, every digit and every awkward date turns up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from device.domain.secrets import ReferenceNumberB
from device.sim.card.front import CardFrontPrint

_FAMILY = ("診療", "受付", "保健", "見本", "薬局", "番号", "内科", "検査")
_GIVEN = ("太郎", "花子", "一二三", "さくら", "三郎", "千代", "八重", "七海")
_PLACES = ("架空県見本市中央町", "例示県仮名郡試験村大字見本", "架空都例示区見本町")
OLDEST_YEARS = 105
CARD_YEARS = 10
CHILD_CARD_YEARS = 5
ADULT_AGE = 20
SHARE_OF_FOREIGN_RESIDENTS = 0.03


@dataclass(frozen=True, slots=True)
class InventedFront:
    """Everything that is printed on one card's front and differs from card to card."""

    name: str
    address: str
    sex: str
    birth_date: date = field(repr=False)
    expiry: date = field(repr=False)
    security_code: str = field(repr=False)
    serial: str = field(repr=False)
    """The 16 characters of the plastic's own number, also printed below the portrait."""
    western_birth_year: bool = False
    """Cards of foreign residents carry the birth date with the Gregorian year."""

    def reference_number(self) -> ReferenceNumberB:
        """Return 照合番号B as somebody reads it off this card."""
        if self.western_birth_year:
            birth = f"{self.birth_date:%y%m%d}"
            return ReferenceNumberB(f"{birth}{self.expiry.year:04d}{self.security_code}".encode())
        return CardFrontPrint(self.birth_date, self.expiry, self.security_code).reference_number()


TARO: Final = InventedFront(
    name="診療 太郎",
    address="架空県見本市中央町1丁目1番地1号",
    sex="男",
    birth_date=date(1974, 4, 2),
    expiry=date(2035, 4, 2),
    security_code="2285",
    serial="0123456789ABCDEF",
)
"""Who comes where anybody will do."""


def invent(chance: np.random.Generator, today: date, *, foreign_residents: bool = False) -> InventedFront:
    """Return a person who holds a valid card on `today`."""
    birth = today - timedelta(days=int(chance.integers(400, OLDEST_YEARS * 365)))
    foreign = foreign_residents and chance.random() < SHARE_OF_FOREIGN_RESIDENTS
    years = CARD_YEARS if today.year - birth.year >= ADULT_AGE else CHILD_CARD_YEARS
    expiry_year = today.year + int(chance.integers(1, years))
    leap_day = (birth.month, birth.day) == (2, 29)
    expiry = birth.replace(year=expiry_year, day=28 if leap_day else birth.day)
    return InventedFront(
        name=f"{chance.choice(_FAMILY)} {chance.choice(_GIVEN)}",
        address="{}{}丁目{}番地{}号".format(chance.choice(_PLACES), *chance.integers(1, (30, 99, 30))),
        sex=str(chance.choice(("男", "女"))),
        birth_date=birth,
        expiry=expiry,
        security_code=f"{chance.integers(0, 10_000):04d}",
        serial="".join(chance.choice(list("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"), size=16)),
        western_birth_year=bool(foreign),
    )
