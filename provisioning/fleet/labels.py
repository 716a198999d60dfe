"""Sheets of labels with tickets as QR codes: A4, eight to a page, as PDF or PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont

from device.domain.errors import BadConfig
from device.wire.ticket import Ticket

DPI = 300
_MM = DPI / 25.4
PAGE = (round(210 * _MM), round(297 * _MM))
COLUMNS, ROWS = 2, 4
_MARGIN, _CODE = round(10 * _MM), round(52 * _MM)
_FONT = Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf")
"""Debian's package fonts-ipafont-gothic. Without it the Japanese line is left out."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is printed for one unit."""

    serial: str
    site: str
    ticket: Ticket


def draw_sheets(labels: Sequence[Label], path: Path) -> list[Path]:
    """Write the labels to `path` (.pdf: one file; .png: a file per page, numbered); return the files.

    Raise BadConfig for another ending, or when the file cannot be written. The sheets are as secret as keys.
    """
    pages = [_page(labels[start : start + COLUMNS * ROWS]) for start in range(0, len(labels), COLUMNS * ROWS)]
    if not pages:
        raise BadConfig("there is no ticket to print", where=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        match path.suffix:
            case ".pdf":
                files = [_private(path)]
                pages[0].save(path, resolution=DPI, save_all=True, append_images=pages[1:])
            case ".png":
                names = (
                    [path]
                    if len(pages) == 1
                    else [path.with_stem(f"{path.stem}-{n}") for n in range(1, len(pages) + 1)]
                )
                files = [_private(name) for name in names]
                for name, page in zip(names, pages, strict=True):
                    page.save(name, dpi=(DPI, DPI))
            case _:
                raise BadConfig("labels are written as .pdf or .png", where=str(path))
    except OSError as error:
        raise BadConfig(f"cannot be written: {error.strerror}", where=str(path)) from error
    return files


def _private(path: Path) -> Path:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def _page(labels: Sequence[Label]) -> Image.Image:
    page = Image.new("L", PAGE, 255)
    width, height = (PAGE[0] - 2 * _MARGIN) // COLUMNS, (PAGE[1] - 2 * _MARGIN) // ROWS
    for place, label in enumerate(labels):
        left, top = _MARGIN + place % COLUMNS * width, _MARGIN + place // COLUMNS * height
        _draw(page, label, (left, top, width, height))
    return page


def _draw(page: Image.Image, label: Label, place: tuple[int, int, int, int]) -> None:
    left, top, width, height = place
    pen = ImageDraw.Draw(page)
    pen.rectangle((left, top, left + width, top + height), outline=200)
    code = _code(label.ticket.text())
    # Whole dots for each square: a scanner dislikes squares of different sizes.
    scale = max(1, _CODE // code.width)
    code = code.resize((code.width * scale, code.height * scale), Image.Resampling.NEAREST)
    page.paste(code, (left + 12, top + (height - code.height) // 2))
    x, y = left + code.width + 24, top + 60
    japanese = _FONT.is_file()
    groups = label.ticket.fingerprint.split()
    lines = [
        (38, label.serial),
        (26, label.site),
        (26, f"{label.ticket.until:%Y-%m-%d}" + (" まで / until" if japanese else " (last day)")),
        (22, "一度だけ使えます。使うまで鍵と同じに扱ってください。" if japanese else ""),
        (22, "Good once. Keep it like a key until then."),
        (22, "fleet:"),
        *((20, " ".join(groups[start : start + 4])) for start in range(0, len(groups), 4)),
    ]
    for size, words in lines:
        font = ImageFont.truetype(_FONT, size) if japanese else ImageFont.load_default(size)
        for line in _wrapped(words, font, left + width - x - 8):
            pen.text((x, y), line, font=font, fill=0)
            y += round(size * 1.4)


def _wrapped(words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines, line = [], ""
    for letter in words:
        if font.getlength(line + letter) > width:
            lines.append(line)
            line = ""
        line += letter
    return [*lines, line]


def _code(text: str) -> Image.Image:
    matrix = segno.make_qr(text, error="l").matrix
    border = 4
    size = len(matrix) + 2 * border
    code = Image.new("L", (size, size), 255)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                code.putpixel((x + border, y + border), 0)
    return code
