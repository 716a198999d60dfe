"""One picture in, one number out, or the first thing that was in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from device.card.front.fields import FieldReader
from device.card.front.flat_card import FlatCard, ways_up
from device.card.front.outline import Corners, find_card
from device.card.front.recogniser import Recogniser
from device.card.front.rules import FrontRules, reference_number
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Picture

SHORTEST_SIDE_PX: Final = 240
LONGEST_SIDE_PX: Final = 8192
WORKING_SIDE_PX: Final = 1920
"""Larger pictures are scaled down first: more than 20 px per millimetre tells nothing more about the print."""

BORDER_PX: Final = 3.0
"""A corner nearer to the picture's border than this may be the border itself, where the card goes on outside."""


class Unread(StrEnum):
    """Why a picture gave no number."""

    NO_PICTURE = "not a picture"
    NO_CARD = "no card"
    NOT_WHOLE = "not the whole card"
    NO_SHARP_CODE = "nothing sharp where the security code is"
    NO_BIRTH_DATE = "no birth date"
    NO_EXPIRY = "no expiry"
    NO_CODE = "no security code"
    CODE_CONTRADICTED = "two looks at the security code differ"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True, eq=False)
class Doubtful:
    """What a picture says in which the security code is in doubt."""

    number: ReferenceNumberB = field(repr=False)


FrontRead = ReferenceNumberB | Doubtful | Unread
"""What one picture gives."""


class FrontReader:
    """Finds the card, straightens it, reads the three fields and puts them together."""

    def __init__(self, recogniser: Recogniser, rules: FrontRules) -> None:
        self._fields = FieldReader(recogniser, rules)
        self._rules = rules

    def read(self, picture: npt.NDArray[Any], today: date) -> FrontRead:
        """Return 照合番号B, certain or in doubt, which the caller wipes, or why there is none.

        Raise Fault when the network fails.
        """
        if not _is_picture(picture):
            return Unread.NO_PICTURE
        working = _shrunk(picture)
        corners = find_card(working)
        if corners is None:
            return Unread.NO_CARD
        if not _inside(corners, working):
            return Unread.NOT_WHOLE
        read: FrontRead = Unread.NO_BIRTH_DATE
        for way_up in ways_up(working, corners):
            card = FlatCard.of(working, way_up)
            try:
                read = self._read(card, today)
            finally:
                card.wipe()
            if read is not Unread.NO_SHARP_CODE and read is not Unread.NO_BIRTH_DATE:
                break
        if working is not picture:
            working.fill(0)
        return read

    def _read(self, card: FlatCard, today: date) -> FrontRead:
        # Where it is costs next to nothing, and without it the rest need not be read.
        codes = self._fields.codes(card)
        if not codes:
            return Unread.NO_SHARP_CODE
        dates = self._fields.dates(card)
        if dates.birth is None:
            return Unread.NO_BIRTH_DATE
        if dates.expiry is None:
            return Unread.NO_EXPIRY
        # Only now: on a card that lies on its face, nothing but the zone of the dates is ever read.
        code = self._fields.security_code(card, codes)
        if code.digits is None:
            return Unread.CODE_CONTRADICTED if code.contradicted else Unread.NO_CODE
        try:
            number = reference_number(dates.birth, dates.expiry, code.digits, today=today, rules=self._rules)
        finally:
            code.wipe()
        if number is None:
            return Unread.IMPLAUSIBLE
        return number if code.certain else Doubtful(number)


def _inside(corners: Corners, picture: Picture) -> bool:
    """Whether the whole card is in the picture: a corner that is guessed bends the print, and that is misread."""
    height, width = picture.shape[:2]
    border = np.float32(BORDER_PX)
    return bool((corners >= border).all() and (corners < np.array([width, height], np.float32) - border).all())


def _is_picture(picture: npt.NDArray[Any]) -> bool:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:  # noqa: PLR2004  height, width, BGR
        return False
    height, width = picture.shape[:2]
    return bool(min(height, width) >= SHORTEST_SIDE_PX and max(height, width) <= LONGEST_SIDE_PX)


def _shrunk(picture: Picture) -> Picture:
    scale = WORKING_SIDE_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
