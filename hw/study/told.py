"""What a study says, as people read it: on the terminal and on its page alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.wire.texts import Text
from hw.report import PAGES, page_environment

_GOOD: Final = "pass"
_BAD: Final = "fail"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; the first column names the row."""

    caption: Text
    header: tuple[Text, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG element and what it shows."""

    caption: Text
    svg: str


@dataclass(frozen=True, slots=True)
class Told:
    """One study."""

    title: Text
    measurement: str
    verdict: Text
    good: bool
    notes: tuple[Text, ...]
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]
    sources: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the study for a terminal."""
        said = [f"{self.title.en}: {self.measurement}", f"  {self.verdict.ja} {self.verdict.en}"]
        said += [f"  {note.en}" for note in self.notes]
        for table in self.tables:
            widths = [max(len(row[column]) for row in self._all(table)) for column in range(len(table.header))]
            said += ["", table.caption.en]
            said += [
                "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                for row in self._all(table)
            ]
        return said

    def page(self) -> str:
        """Return the study as one HTML file that needs no network."""
        style = (PAGES / "report.css").read_text(encoding="utf-8")
        mark = _GOOD if self.good else _BAD
        return page_environment().get_template("study.html").render(told=self, style=style, mark=mark)

    def write(self, path: Path) -> None:
        """Write the page. Raise OSError where that cannot be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.page(), encoding="utf-8")

    @staticmethod
    def _all(table: Table) -> list[tuple[str, ...]]:
        return [tuple(cell.en for cell in table.header), *table.rows]


def number(value: float | None, digits: int = 4) -> str:
    """Return a figure for a table."""
    return "—" if value is None else f"{value:.{digits}g}"
