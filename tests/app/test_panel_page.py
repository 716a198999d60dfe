"""docs/panel.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from device.app.page_parts import refresh
from device.app.panel_page import HEADER_PINS, sections
from device.panel.pinout import HEADER_LINES

PAGE = Path(__file__).parents[2] / "docs" / "panel.md"


def test_the_page_is_current_and_every_part_has_its_place() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert refresh(page, sections()) == page, "run: python -m device.app.panel_page docs/panel.md"
    assert all(f"<!-- made: {name} -->\n" in page for name in sections())


def test_every_line_has_its_own_pin_of_the_header() -> None:
    assert set(HEADER_PINS) == set(HEADER_LINES)
    assert len(set(HEADER_PINS.values())) == len(HEADER_LINES)
    power_and_ground = {1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39}
    assert set(HEADER_PINS.values()) == set(range(1, 41)) - power_and_ground
