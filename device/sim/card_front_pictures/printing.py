"""An invented front as pixels of a flat card."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from device.ports.camera import Picture
from device.sim.card_front_pictures import layout as at
from device.sim.card_front_pictures.fonts import FACES, font
from device.sim.card_front_pictures.people import InventedFront

Boxes = npt.NDArray[np.float32]
"""N x 4: left, top, right, bottom of the ink of N characters, in pixels of the flat card."""

_ERAS: Final = (
    ("令和", (2019, 5, 1), 2018),
    ("平成", (1989, 1, 8), 1988),
    ("昭和", (1926, 12, 25), 1925),
    ("大正", (1912, 7, 30), 1911),
)
GROUNDS: Final = 48
"""Different papers; drawing one takes longer than all the rest of a card."""

_DONOR_LINES: Final = (
    "《1.2.3.いずれかの番号を○で囲んでください。》",
    "1.私は、脳死後及び心臓が停止した死後のいずれでも",
    "2.私は、心臓が停止した死後に限り、移植の為に",
    "3.私は、臓器を提供しません。",
    "署名年月日     年   月   日",
)


@dataclass(frozen=True, slots=True, eq=False)
class PrintedCard:
    """One flat card, with ink and without."""

    ink: Picture = field(repr=False)
    """What the card looks like."""
    paper: Picture = field(repr=False)
    """The same without the three fields that matter: what is left where their ink is gone."""
    boxes: Boxes = field(repr=False)
    """Of every character that becomes part of 照合番号B, and of those that tell the fields apart."""


def birth_line(front: InventedFront, gap: str = " ") -> str:
    """Return the birth date as it is printed."""
    born = front.birth_date
    if front.western_birth_year:
        year = str(born.year)
    else:
        era, zero = next((era, zero) for era, first, zero in _ERAS if (born.year, born.month, born.day) >= first)
        year = era + ("元" if born.year - zero == 1 else str(born.year - zero))
    return f"{year}年{_padded(born.month, gap)}月{_padded(born.day, gap)}日生"


def expiry_line(front: InventedFront, gap: str = " ") -> str:
    """Return the card's expiry as it is printed."""
    return f"{front.expiry.year}年{_padded(front.expiry.month, gap)}月{_padded(front.expiry.day, gap)}日まで有効"


def print_card(front: InventedFront, chance: np.random.Generator) -> PrintedCard:
    """Return the card; typeface, exact places and paper come by chance."""
    press = _Press(chance)
    press.text(at.NAME, at.NAME_TEXT_MM, f"{front.name}")
    press.text((2.6, at.NAME[1] + 0.8), at.SMALL_TEXT_MM, "氏名")
    press.text(at.ADDRESS, at.NAME_TEXT_MM * 0.85, front.address)
    press.text((2.6, at.ADDRESS[1] + 0.8), at.SMALL_TEXT_MM, "住所")
    press.text(at.SEX, at.DATE_TEXT_MM, f"性別 {front.sex}")
    press.text(at.CERTIFICATE, at.SMALL_TEXT_MM, "電子証明書の")
    press.text((at.CERTIFICATE[0], at.CERTIFICATE[1] + 1.7), at.SMALL_TEXT_MM, "有効期限")
    press.text((at.CERTIFICATE[0] + 10, at.CERTIFICATE[1] + 0.5), at.DATE_TEXT_MM, press.handwritten_date())
    press.text(at.TITLE, at.NAME_TEXT_MM, "個人番号カード")
    press.text(at.ISSUER, at.DATE_TEXT_MM, "見本市長")
    for number, line in enumerate(_DONOR_LINES):
        press.text((at.DONOR[0], at.DONOR[1] + 2.2 * number), at.SMALL_TEXT_MM, line)
    press.portrait()
    press.begin_fields()
    gap = str(chance.choice(("", " ")))
    press.field(at.BIRTH, at.DATE_TEXT_MM, birth_line(front, gap))
    press.field(at.EXPIRY, at.DATE_TEXT_MM, expiry_line(front, gap))
    press.below_portrait(front)
    return press.printed()


def _padded(number: int, gap: str) -> str:
    return str(number) if number > 9 else gap + str(number)  # noqa: PLR2004  two digits


_Place = tuple[float, float] | npt.NDArray[np.float64]
_Printed = tuple[float, float, ImageFont.FreeTypeFont]


class _Press:
    """Puts ink on one card; all lengths in millimetres."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self._face = str(chance.choice(list(FACES)))
        self._code_face = str(chance.choice(list(FACES)))
        self._ink_level = int(chance.integers(20, 70))
        self._shift = chance.uniform(-at.SHIFT_ALL_MM, at.SHIFT_ALL_MM, 2)
        self._image = Image.fromarray(_paper(int(chance.integers(0, GROUNDS))))
        self._draw = ImageDraw.Draw(self._image)
        self._paper = self._image
        self._boxes: list[tuple[float, float, float, float]] = []

    def text(self, place: _Place, height: float, text: str) -> None:
        """Print one line."""
        self._print(np.array(place) + self._off(), height, text, self._face)

    def field(self, place: _Place, height: float, text: str) -> None:
        """Print one line that matters and remember its characters."""
        self._remember(self._print(np.array(place) + self._off(), height, text, self._face), text)

    def below_portrait(self, front: InventedFront) -> None:
        """Print the plastic's number and the security code, in one of the arrangements that descriptions allow."""
        # Both come from one pass of one machine, so they move together.
        left, top = np.array(at.BELOW_PORTRAIT) + self._off()
        above, beside, alone = (left, top + 2.6), (left + 16.5, top - 0.3), (left + 2, top + 1)
        arrangement = int(self._chance.integers(0, 3))
        if arrangement < 2:  # noqa: PLR2004  the third is the code alone
            self._print((left, top), at.SERIAL_TEXT_MM, front.serial, self._code_face)
        place = (above, beside, alone)[arrangement]
        self._remember(self._print(place, at.CODE_TEXT_MM, front.security_code, self._code_face), front.security_code)

    def portrait(self) -> None:
        """Draw a grey head where the portrait goes."""
        left, top, width, height = (round(mm * at.PX_PER_MM) for mm in at.PORTRAIT)
        left, top = left + round(self._shift[0] * at.PX_PER_MM), top + round(self._shift[1] * at.PX_PER_MM)
        shade = int(self._chance.integers(190, 240))
        self._draw.rectangle((left, top, left + width, top + height), fill=(shade, shade, shade))
        hair, skin, coat = ((int(level),) * 3 for level in self._chance.integers((20, 140, 30), (70, 200, 120)))
        middle = left + width / 2
        self._draw.ellipse(
            (middle - 0.34 * width, top + 0.08 * height, middle + 0.34 * width, top + 0.66 * height), fill=hair
        )
        self._draw.ellipse(
            (middle - 0.27 * width, top + 0.2 * height, middle + 0.27 * width, top + 0.7 * height), fill=skin
        )
        self._draw.pieslice((left, top + 0.68 * height, left + width, top + 1.4 * height), 180, 360, fill=coat)

    def handwritten_date(self) -> str:
        """Return what somebody wrote behind 電子証明書の有効期限, or the empty form."""
        if self._chance.random() < 0.5:  # noqa: PLR2004  every second card
            return "    年  月  日"
        year, month, day = self._chance.integers((2025, 1, 1), (2032, 13, 29))
        return f"{year}年{month}月{day}日"

    def begin_fields(self) -> None:
        """From here on ink counts as a field's."""
        self._paper = self._image.copy()

    def printed(self) -> PrintedCard:
        """Return the card."""
        return PrintedCard(
            ink=np.asarray(self._image, np.uint8).copy(),
            paper=np.asarray(self._paper, np.uint8).copy(),
            boxes=np.array(self._boxes, np.float32),
        )

    def _off(self) -> npt.NDArray[np.float64]:
        return self._chance.uniform(-at.SHIFT_ONE_MM, at.SHIFT_ONE_MM, 2)

    def _print(self, place: _Place, height: float, text: str, face: str) -> _Printed:
        size = round(height * at.PX_PER_MM * self._chance.uniform(1 - at.SIZE_SPREAD, 1 + at.SIZE_SPREAD))
        used = font(face, size)
        left, top = ((np.array(place) + self._shift) * at.PX_PER_MM).tolist()
        self._draw.text((left, top), text, font=used, fill=(self._ink_level,) * 3)
        return left, top, used

    def _remember(self, printed: _Printed, text: str) -> None:
        left, top, used = printed
        for index, character in enumerate(text):
            if not character.isspace():
                start = left + used.getlength(text[:index])
                box = used.getbbox(character)
                self._boxes.append((start + box[0], top + box[1], start + box[2], top + box[3]))


@cache
def _paper(seed: int) -> Picture:
    """Return the pale, patterned ground: two colours that run into each other under fine interlaced waves."""
    chance = np.random.default_rng(seed)
    # Drawn at half the size: the waves are softer than that anyway.
    down, across = np.mgrid[0 : at.HEIGHT_PX : 2, 0 : at.WIDTH_PX : 2].astype(np.float32)
    start, end = chance.uniform(205, 250, (2, 3)).astype(np.float32)
    lean = chance.uniform((0.3, 0), (1, 0.7))
    share = (across / at.WIDTH_PX * np.float32(lean[0]) + down / at.HEIGHT_PX * np.float32(lean[1]))[..., None]
    ground = start + (end - start) * share
    for _ in range(3):
        period, swing, tilt, length = chance.uniform((14, 8, -0.4, 25), (30, 30, 0.4, 90)).astype(np.float32)
        phase = down + swing * np.sin(across[0] / length) + tilt * across
        line = np.clip(np.cos(2 * np.float32(np.pi) / period * phase) * 4 - 2.6, 0, 1)
        ground -= line[..., None] * chance.uniform(6, 26, 3).astype(np.float32)
    small = np.clip(ground, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, (at.WIDTH_PX, at.HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8)
