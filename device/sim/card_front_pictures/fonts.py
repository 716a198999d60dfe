"""Free Japanese typefaces that Debian carries. Which one the real card is printed in is not published."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from PIL import ImageFont

from device.domain.errors import Fault
from device.domain.reasons import Reason

_SHARE = Path("/usr/share/fonts")
FACES: Final = {
    "ipa-gothic": (_SHARE / "opentype/ipafont-gothic/ipag.ttf", "fonts-ipafont-gothic"),
    "ipa-mincho": (_SHARE / "opentype/ipafont-mincho/ipam.ttf", "fonts-ipafont-mincho"),
    "vl-gothic": (_SHARE / "truetype/vlgothic/VL-Gothic-Regular.ttf", "fonts-vlgothic"),
}
"""File and Debian package by name."""


@cache
def font(face: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Return one typeface in one size. Raise Fault(MODEL_MISSING) naming the Debian package when it is not there."""
    path, package = FACES[face]
    try:
        return ImageFont.truetype(str(path), size_px)
    except OSError as error:
        raise Fault(
            f"the typeface {path.name} is not there; the Debian package {package} has it",
            part="card_front_pictures",
            reason=Reason.MODEL_MISSING,
        ) from error
