"""The recording in the README: what the terminal shows of a visit, as a picture that needs nothing from elsewhere."""

from __future__ import annotations

import html
import re

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme

WIDTH = 120
"""Columns of the picture."""
_ASPECT = 0.5
"""Width of a character by its height, where a Japanese one is twice as wide."""
_CHARACTER_PX = 20 * _ASPECT
"""rich draws characters 20 pixels high."""
_THEME = TerminalTheme(
    (31, 41, 51),
    (229, 233, 240),
    [(60, 70, 80), (238, 102, 119), (127, 216, 143), (204, 187, 68), (102, 153, 238), (170, 51, 119), (102, 204, 238),
     (221, 221, 221)],
)  # fmt: skip
"""Colours that colour-blind people tell apart, on a dark ground."""

_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
role="img" aria-labelledby="title desc" lang="ja">
<!-- Drawn by uketsuke demo, option picture. -->
<title id="title">make demo: the first of six visits, as the terminal shows it</title>
<desc id="desc">The patient places the card and looks at the camera, lamps change, the unit speaks Japanese and English,
the patient agrees with the hash key, the clinic gets the result and the desk a line to say.</desc>
<style>
.{unique_id}-matrix {{
  font-family: "Noto Sans Mono CJK JP", "Noto Sans Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 16px; font-family: sans-serif; }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

_CLIPPED = re.compile(r' clip-path="[^"]*"')
"""rich cuts every line to its row; nothing here is longer."""
_LENGTH = re.compile(r'textLength="[\d.]+"([^>]*)>([^<]*)<')


def begin(console: Console) -> None:
    """Leave out of the picture what was printed so far."""
    console.export_text()


def drawn(console: Console) -> str:
    """Return what a recording console has printed since `begin`, as SVG; the same print gives the same picture."""
    svg = console.export_svg(
        title="make demo", theme=_THEME, code_format=_FORMAT, unique_id="demo", font_aspect_ratio=_ASPECT
    )
    svg = _LENGTH.sub(_in_cells, _CLIPPED.sub("", svg))
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _in_cells(text: re.Match[str]) -> str:
    """Give a piece of text the room that it has in a terminal: rich counts characters, and Japanese ones are wide."""
    return f'textLength="{cell_len(html.unescape(text[2])) * _CHARACTER_PX:g}"{text[1]}>{text[2]}<'
