"""What `python -m hw.drawings` writes, and from what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from hw.drawings.assembly import assembly
from hw.drawings.boards import rig_wiring, unit_wiring
from hw.drawings.enclosure import braille, enclosure
from hw.drawings.parts_page import parts_page

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "pictures/wiring.svg": unit_wiring,
    "pictures/rig-wiring.svg": rig_wiring,
    "pictures/enclosure.svg": enclosure,
    "pictures/braille.svg": braille,
    "pictures/assembly.svg": assembly,
    "parts.md": parts_page,
}


def write_all() -> None:
    """Write every page anew."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
