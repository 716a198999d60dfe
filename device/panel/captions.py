"""Sentences on a small display: broken into lines by width, turned over page by page."""

from __future__ import annotations

import unicodedata

from device.ports.panel import Screen

COLUMNS = 20
"""Half-width characters in a line of the caption: ten Japanese ones."""
ROWS = 3
PAGE_S = 4.0
"""Japanese subtitles give four characters a second; what is spoken meanwhile helps, and pages come round again."""
_NOT_AT_THE_START = "。、」)?!ー"


def screen_at(headline: str, text: str, elapsed_s: float) -> Screen:
    """Return what is shown, `elapsed_s` after the text came; its pages come round again."""
    lines = wrapped(text)
    pages = [lines[at : at + ROWS] for at in range(0, len(lines), ROWS)] or [()]
    return Screen(headline, tuple(pages[int(max(0.0, elapsed_s) / PAGE_S) % len(pages)]))


def wrapped(text: str) -> tuple[str, ...]:
    """Break text into lines of at most `COLUMNS`: English between words, Japanese anywhere but before a full stop."""
    lines, line = list[str](), ""
    for piece in _pieces(text):
        if line and width(line + piece.rstrip()) > COLUMNS and piece not in _NOT_AT_THE_START:
            lines.append(line.rstrip())
            line = ""
        line += piece if line or piece != " " else ""
    return tuple(lines) + ((line.rstrip(),) if line.strip() else ())


def width(text: str) -> int:
    """Return how many half-width characters the text is wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _pieces(text: str) -> list[str]:
    """Cut where a line may break: after each wide character, and after each English word with its space."""
    pieces, word = list[str](), ""
    for character in text:
        if width(character) == 1 and character != " ":
            word += character
            continue
        if character == " ":
            pieces.append(word + " ")
        else:
            pieces += [word, character] if word else [character]
        word = ""
    return [*pieces, word] if word else pieces
