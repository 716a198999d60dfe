"""Where to look on a straightened front. Wide on purpose: the exact places of the print are not published.

Each zone is some millimetres larger all round than where public pictures of the specimen card show the text
(`docs/card-front.md` has the sources and the doubts). What is inside a zone is told apart by its
wording, not its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WIDTH_MM: Final = 85.60
HEIGHT_MM: Final = 53.98
"""ID-1, ISO/IEC 7810."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle on the front, in millimetres from its upper left corner, and the text in it, in millimetres too."""

    left: float
    top: float
    right: float
    bottom: float
    smallest_text: float
    largest_text: float
    joint: float
    """Characters nearer to one another than this belong to one line."""
    much_text: bool
    """Whether there is text all over it."""


DATES: Final = Zone(
    left=25.0, top=13.0, right=85.0, bottom=26.0, smallest_text=1.3, largest_text=3.6, joint=2.8, much_text=True
)
"""Birth date and card expiry, to the right of the portrait."""

BELOW_PORTRAIT: Final = Zone(
    left=1.0, top=42.0, right=30.0, bottom=53.6, smallest_text=1.0, largest_text=3.4, joint=1.3, much_text=False
)
"""The security code, and near it the plastic's own number of 16 characters."""

PORTRAIT: Final = (5.0, 18.0, 25.0, 42.0)
"""Left, top, right, bottom of what is portrait and nothing else."""
