"""Where the time goes: one bar for each bit rate, and the steps of the one at 424 kbit/s. Plain SVG, no library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from bench.card_part import CardPart

SHARES: Final = (
    ("air_s", "in the air", "#0b4f6c"),
    ("chip_s", "in the chip (assumed)", "#e3a008"),
    ("late_s", "timers of the emulation", "#b8c4ce"),
    ("host_s", "host: this program, pcscd, vpcd", "#b42318"),
)
DETAILED_KBPS: Final = 424
WIDTH, LEFT, RIGHT, TOP = 900, 210, 90, 86
BAR, GAP, HEADING = 24, 8, 44
_STYLE: Final = """
    text { font-family: "Helvetica Neue", Arial, "Liberation Sans", "Noto Sans CJK JP", sans-serif; font-size: 14px; fill: #1f2933; }
    .t { font-size: 20px; font-weight: 700; }
    .h { font-size: 15px; font-weight: 700; }
    .e { text-anchor: end; }
"""  # noqa: E501  one rule of the style

Bar = tuple[str, dict[str, float]]


def draw(parts: Sequence[CardPart], path: Path) -> None:
    """Write the picture; the same figures give the same file."""
    detailed = next(part for part in parts if part.kbps == DETAILED_KBPS)
    rates = [(f"{part.kbps} kbit/s", {name: getattr(part, name) for name, _, _ in SHARES}) for part in parts]
    steps = [
        (f"{step.name} ({step.commands})", {name: getattr(step, name) for name, _, _ in SHARES})
        for step in detailed.steps
    ]
    lines = [*_legend()]
    bottom = TOP
    for title, bars in (("by bit rate", rates), (f"its steps at {DETAILED_KBPS} kbit/s, with commands", steps)):
        lines += [f'  <text x="{LEFT}" y="{bottom + 16}" class="h">{escape(title)}</text>', *_bars(bars, bottom + 28)]
        bottom += HEADING + len(bars) * (BAR + GAP)
    said = "; ".join(f"{label}: {sum(values.values()):.2f} s" for label, values in rates)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {WIDTH} {bottom}" width="{WIDTH}" height="{bottom}" role="img" aria-labelledby="title desc">\n'
        '  <title id="title">Where the time of the card part goes</title>\n'
        f'  <desc id="desc">Two groups of stacked bars. The whole card part of a visit by bit rate: {escape(said)}. '
        f"Its steps at {DETAILED_KBPS} kbit/s: the record with the portrait takes most of the time in the air, the two "
        "signatures most of the time in the chip.</desc>\n"
        f"  <style>{_STYLE}  </style>\n"
        f'  <rect width="{WIDTH}" height="{bottom}" fill="#ffffff"/>\n' + "\n".join(lines) + "\n</svg>\n",
        encoding="utf-8",
    )


def _legend() -> Iterator[str]:
    yield '  <text x="20" y="32" class="t">The card part of a visit, portrait of 15 kB</text>'
    left = 20
    for _, words, colour in SHARES:
        yield f'  <rect x="{left}" y="50" width="14" height="14" fill="{colour}"/>'
        yield f'  <text x="{left + 20}" y="62">{escape(words)}</text>'
        left += 40 + 8 * len(words)


def _bars(bars: Sequence[Bar], top: int) -> Iterator[str]:
    scale = (WIDTH - LEFT - RIGHT) / max(sum(max(0.0, value) for value in values.values()) for _, values in bars)
    for number, (label, values) in enumerate(bars):
        y = top + number * (BAR + GAP)
        yield f'  <text x="{LEFT - 10}" y="{y + 17}" class="e">{escape(label)}</text>'
        left = float(LEFT)
        for name, _, colour in SHARES:
            width = max(0.0, values[name]) * scale
            yield f'  <rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
            left += width
        yield f'  <text x="{left + 8:.1f}" y="{y + 17}">{sum(values.values()):.3f} s</text>'
