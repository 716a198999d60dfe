"""Where things are printed on the front, in millimetres from its upper left corner.

The official drawing (別記様式) gives the items, not their places. The proportions come from public pictures of the
specimen card and from a published program that fills in such a picture (dummy-image-generator by miya10kei: name,
address and dates at 16 and 13 px of a picture about 500 px wide); that 16 characters and the 4-digit security code
stand below the portrait is told by a public page on the card's front (maruoka-digital.jp). So each place is known to
about 2 mm, and `printing` moves everything by chance within that.
"""

from __future__ import annotations

from typing import Final

WIDTH_MM: Final = 85.60
HEIGHT_MM: Final = 53.98
"""ID-1, ISO/IEC 7810."""

CORNER_MM: Final = 3.18
"""Radius of the rounded corners, same standard."""

PX_PER_MM: Final = 15.0
"""Of the flat drawing: finer than any camera here sees it."""
WIDTH_PX: Final = round(WIDTH_MM * PX_PER_MM)
HEIGHT_PX: Final = round(HEIGHT_MM * PX_PER_MM)

NAME: Final = (8.6, 3.8)
ADDRESS: Final = (8.6, 9.1)
SEX: Final = (70.0, 12.9)
BIRTH: Final = (30.0, 17.8)
EXPIRY: Final = (53.8, 17.8)
CERTIFICATE: Final = (30.0, 22.6)
"""電子証明書の有効期限: filled in by hand, often with a date."""
TITLE: Final = (58.0, 27.0)
ISSUER: Final = (60.0, 33.5)
DONOR: Final = (30.0, 39.0)
PORTRAIT: Final = (4.0, 16.5, 22.0, 26.5)
"""Left, top, width, height."""
BELOW_PORTRAIT: Final = (4.0, 45.4)

NAME_TEXT_MM: Final = 2.7
DATE_TEXT_MM: Final = 2.2
CODE_TEXT_MM: Final = 2.2
SERIAL_TEXT_MM: Final = 1.5
SMALL_TEXT_MM: Final = 1.3

SHIFT_ALL_MM: Final = 1.2
"""How far the whole print may lie off, either way."""
SHIFT_ONE_MM: Final = 0.8
"""And each text on top of that."""
SIZE_SPREAD: Final = 0.08
"""How much larger or smaller a text may be."""
