"""Two columns of pins, each with its name and the terminal that goes there; below, what each part needs besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from device.wire.texts import Text
from hw.drawings.canvas import Canvas, columns, fold

COLORS: Final = (
    "#1d4f91", "#0b7a5b", "#b3261e", "#7a3e9d", "#9a5b00", "#8a4b3a", "#2f6f8f", "#5a6b1f", "#a0235f", "#4a4a4a",
)  # fmt: skip
PITCH, TOP = 30, 96
WIDTH: Final = 1180
MIDDLE: Final = WIDTH / 2
PLAIN: Final = "#e9e5da"
CARD_WIDTH: Final = 365
LETTERS: Final = 52
"""Of a note's line."""
LETTERS_JA: Final = 46
"""Of a Japanese one, where a character counts for two letters and is a little wider."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin of a header: its number there, and what the board calls it."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class WiredPart:
    """A part: terminals by the board's names of their lines."""

    ja: str
    en: str
    terminals: Mapping[str, str]
    """Terminal: line."""
    note: Text


def draw_wiring(
    title: str,
    described: str,
    left: Sequence[Pin],
    right: Sequence[Pin],
    parts: Sequence[WiredPart],
    *,
    remark: str = "",
) -> str:
    """Return the drawing. Both columns run from top to bottom."""
    per_row = 3
    heights = [
        max(len(_wrapped(parts[index])) for index in range(row, min(row + per_row, len(parts)))) * 18 + 62
        for row in range(0, len(parts), per_row)
    ]
    board = TOP + PITCH * len(left) + 20
    canvas = Canvas(WIDTH, board + sum(heights) + 60, title, described)
    canvas.words(30, 42, title, "h")
    canvas.box(MIDDLE - 170, TOP - 22, 340, PITCH * len(left) + 16, fill="#dfe7dc", round_=10)
    uses: dict[str, list[tuple[int, str]]] = {}
    for index, part in enumerate(parts):
        for terminal, line in part.terminals.items():
            uses.setdefault(line, []).append((index, terminal))
    for side, pins in ((-1, left), (1, right)):
        for row, pin in enumerate(pins):
            _pin(canvas, side, TOP + PITCH * row, pin, uses.get(pin.name, []))
    y = board + 26
    canvas.words(30, y - 6, f"部品 Parts{remark}", "b")
    for index, part in enumerate(parts):
        row, column = divmod(index, per_row)
        place = 30 + column * (CARD_WIDTH + 12), y + 8 + sum(heights[:row])
        _card(canvas, place, heights[row], index, part)
    return canvas.svg()


def _pin(canvas: Canvas, side: int, y: float, pin: Pin, uses: Sequence[tuple[int, str]]) -> None:
    x = MIDDLE + side * 20
    canvas.dot(x, y, 8, fill=COLORS[uses[0][0] % len(COLORS)] if uses else "#f6f4ee")
    canvas.words(
        x + side * 16,
        y + 5,
        f"{pin.number}  {pin.name}" if side > 0 else f"{pin.name}  {pin.number}",
        "e" if side < 0 else "",
    )
    start = MIDDLE + side * 170
    if not uses:
        return
    canvas.path([(start, y), (start + side * 26, y)], line=COLORS[uses[0][0] % len(COLORS)], width=3)
    x = start + side * 32
    for index, terminal in uses:
        label = f"{index + 1} {terminal}"
        width = 11 + 7.4 * columns(label)
        left = x if side > 0 else x - width
        canvas.box(left, y - 11, width, 22, fill=COLORS[index % len(COLORS)], line="none")
        canvas.words(left + width / 2, y + 5, label, "w m")
        x += side * (width + 5)


def _card(canvas: Canvas, place: tuple[float, float], height: float, index: int, part: WiredPart) -> None:
    x, y = place
    color = COLORS[index % len(COLORS)]
    canvas.box(x, y, CARD_WIDTH, height - 10, fill="#ffffff", line=color)
    canvas.box(x, y, 30, 24, fill=color, line="none")
    canvas.words(x + 15, y + 17, str(index + 1), "w m")
    canvas.words(x + 38, y + 17, part.ja, "b")
    canvas.words(x + 10, y + 38, part.en)
    for row, line in enumerate(_wrapped(part)):
        canvas.words(x + 10, y + 57 + 18 * row, line, "s")


def _wrapped(part: WiredPart) -> list[str]:
    return [*fold(part.note.ja, LETTERS_JA), *fold(part.note.en, LETTERS)]
