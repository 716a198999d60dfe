"""The colours of the lamps. They are for looks: nothing is told by colour alone, and tests see the lamps without it."""

from __future__ import annotations

from types import MappingProxyType

LAMP_COLOURS = MappingProxyType(
    {
        "ready": "#009e73",
        "card": "#56b4e9",
        "face": "#ffffff",
        "keys": "#f0e442",
        "staff": "#e69f00",
    }
)
"""sRGB, from Okabe and Ito's palette (Color Universal Design, 2002), which colour-blind people tell apart."""
UNLIT = "#202020"
"""A dark lens."""
