"""Which board this is: the number that its maker gave it, so that a copied memory card is told from it."""

from __future__ import annotations

from pathlib import Path

PLACES = (
    Path("/sys/firmware/devicetree/base/serial-number"),  # a Pi's, readable by everybody
    Path("/sys/class/dmi/id/product_uuid"),  # a PC's, readable by root
)
FALLBACK = Path("/etc/machine-id")
"""On the memory card itself: a copy has the same, so it tells nothing then, and the birth ids have to."""


def board_number(places: tuple[Path, ...] = (*PLACES, FALLBACK)) -> bytes:
    """Return the first number that can be read, without blanks around it; empty where there is none."""
    for place in places:
        try:
            number = place.read_bytes().strip(b"\0\n ")
        except OSError:
            continue
        if number:
            return number
    return b""
