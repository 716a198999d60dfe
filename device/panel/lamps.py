"""The lamps: their places tell, their colours are for looks. Tests see them without colour."""

from __future__ import annotations

from types import MappingProxyType

LAMPS = ("ready", "card", "face", "keys", "staff")
"""In a row, from the visitor's left to the right: cues that tell a side rest on it."""

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
