"""Keeps the tables of docs/panel.md: `python -m device.app.panel_page docs/panel.md`; a test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from device.app.page_parts import refresh, table
from device.domain.prompts import Cue
from device.panel.cues import BUZZER
from device.panel.lamps import LAMP_COLOURS, LAMPS
from device.panel.pad import PAD_4X4
from device.panel.patterns import PATTERNS, Rhythm
from device.panel.pinout import Pinout
from device.wire.phrases import cue_name

HEADER_PINS = {
    2: 3, 3: 5, 4: 7, 14: 8, 15: 10, 17: 11, 18: 12, 27: 13, 22: 15, 23: 16, 24: 18, 10: 19, 9: 21, 25: 22, 11: 23,
    8: 24, 7: 26, 0: 27, 1: 28, 5: 29, 6: 31, 12: 32, 13: 33, 19: 35, 16: 36, 26: 37, 20: 38, 21: 40,
}  # fmt: skip
"""Pins of the 40-pin header by the BCM's numbers."""


def sections() -> dict[str, str]:
    """Return what goes between the marks of the page."""
    return {
        "cues": "\n".join(table(("Cue", "Meaning", "意味", *LAMPS, BUZZER), _cues())),
        "pins": "\n".join(table(("Line", "GPIO", "Pin of the header"), _pins())),
        "lamps": "\n".join(table(("Lamp", "Colour (sRGB)"), ((lamp, f"`{LAMP_COLOURS[lamp]}`") for lamp in LAMPS))),
    }


def _cues() -> Iterator[tuple[str, ...]]:
    for cue in Cue:
        shown = PATTERNS[cue]
        rhythms = (_rhythm(shown[name]) if name in shown else "" for name in (*LAMPS, BUZZER))
        yield (f"`{cue}`", cue_name(cue, "en"), cue_name(cue, "ja"), *rhythms)


def _rhythm(rhythm: Rhythm) -> str:
    if rhythm.repeats and len(set(rhythm.levels)) == 1:
        return "on"
    return f"`{rhythm.levels}`" + ("" if rhythm.repeats else " once")


def _pins() -> Iterator[tuple[str, ...]]:
    pinout = Pinout()
    lines = [(f"row {row + 1} ({' '.join(keys)})", pinout.rows[row]) for row, keys in enumerate(PAD_4X4.rows)]
    for column in range(PAD_4X4.columns):
        keys = " ".join(row[column] for row in PAD_4X4.rows)
        lines.append((f"column {column + 1} ({keys})", pinout.columns[column]))
    lines += [(name if name == BUZZER else f"lamp {name}", line) for name, line in pinout.indicators.items()]
    return ((name, f"GPIO{line}", str(HEADER_PINS[line])) for name, line in lines)


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(refresh(page.read_text(encoding="utf-8"), sections()), encoding="utf-8")
