"""A page of SVG that stands alone: boxes, lines, words; read aloud by its title and description."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

FACES: Final = '"Helvetica Neue", Arial, "Liberation Sans", "Noto Sans CJK JP", "Noto Sans JP", Meiryo, sans-serif'
INK: Final = "#1f2933"
SOFT: Final = "#52606d"
PAPER: Final = "#fdfcf9"


_WORDS: Final = re.compile(r"[(「]?(?:[\x21-\x7e]+ ?|.)[。、)」・ー]*")
"""What stays together: no line begins with a closing mark, nor ends with an opening one."""


def columns(text: str) -> int:
    """Return how wide a text is, in Latin letters."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def fold(text: str, width: int) -> list[str]:
    """Break a text into lines of so many Latin letters: between words, or anywhere between Japanese characters."""
    lines = [""]
    for word in _WORDS.findall(text):
        if columns(lines[-1] + word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return [line.strip() for line in lines]


class Canvas:
    """Elements in the order in which they are drawn; lengths are pixels."""

    def __init__(self, width: int, height: int, title: str, described: str) -> None:
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            f' role="img" aria-labelledby="title desc" lang="ja">\n<title id="title">{escape(title)}</title>\n'
            f'<desc id="desc">{escape(described)}</desc>\n<style>\n'
            f"text {{ font-family: {FACES}; font-size: 14px; fill: {INK}; }}\n"
            ".h { font-size: 22px; font-weight: 700; }\n.b { font-weight: 700; }\n"
            f".s {{ font-size: 13px; fill: {SOFT}; }}\n.e {{ text-anchor: end; }}\n.m {{ text-anchor: middle; }}\n"
            ".w { fill: #ffffff; font-weight: 700; }\n</style>\n"
        )
        self._parts: list[str] = []
        self.box(0, 0, width, height, fill=PAPER, line="none", round_=0)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str, line: str = INK, round_: float = 5
    ) -> None:
        """Draw a rectangle."""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_:g}" fill="{fill}"'
            f' stroke="{line}"/>'
        )

    def dot(self, x: float, y: float, radius: float, *, fill: str, line: str = INK) -> None:
        """Draw a circle."""
        self._parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="{line}"/>')

    def path(
        self,
        points: Sequence[tuple[float, float]],
        *,
        line: str = INK,
        width: float = 2,
        fill: str = "none",
        dash: bool = False,
    ) -> None:
        """Draw straight lines from point to point; closed where it is filled."""
        route = "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + ("z" if fill != "none" else "")
        dashes = ' stroke-dasharray="5 4"' if dash else ""
        self._parts.append(f'<path d="{route}" fill="{fill}" stroke="{line}" stroke-width="{width:g}"{dashes}/>')

    def words(self, x: float, y: float, text: str, style: str = "") -> None:
        """Write a line; styles: h heading, b bold, s small, e to the left of x, m around x, w white."""
        kind = f" class={quoteattr(style)}" if style else ""
        self._parts.append(f'<text x="{x:g}" y="{y:g}"{kind}>{escape(text)}</text>')

    def measure(self, start: tuple[float, float], end: tuple[float, float], text: str) -> None:
        """Draw a length with its figure: horizontal or upright."""
        (x1, y1), (x2, y2) = start, end
        upright = x1 == x2
        for x, y in (start, end):
            tick = [(x - 6, y), (x + 6, y)] if upright else [(x, y - 6), (x, y + 6)]
            self.path(tick, line=SOFT, width=1.2)
        self.path([start, end], line=SOFT, width=1.2)
        if upright:
            self.words(x1 + 9, (y1 + y2) / 2 + 5, text, "s")
        else:
            self.words((x1 + x2) / 2, y1 - 9, text, "s m")

    def svg(self) -> str:
        """Return the page."""
        return self._head + "\n".join(self._parts) + "\n</svg>\n"
