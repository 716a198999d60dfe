"""What a lamp is called in the drawings: as the program calls it, in Japanese."""

from __future__ import annotations

from device.app.panel_check import NAMES


def lamp_name(lamp: str) -> str:
    """Return the name that stands between the brackets of the program's own words."""
    return NAMES[lamp].ja.partition("「")[2].partition("」")[0]
