"""Wiring, parts and drawings of hw/: held to the unit's own defaults, and made of the data that lie beside them."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from itertools import combinations

import pytest

from device.app.panel_page import HEADER_PINS
from device.panel.lamps import LAMPS
from device.panel.pinout import Pinout
from hw.drawings.boards import unit_parts
from hw.drawings.enclosure import BRAILLE_MM, EYES_CM, covered_cm
from hw.drawings.pages import DOCS, PAGES
from hw.drawings.parts_page import PARTS, VERDICTS


@pytest.mark.parametrize("name", PAGES)
def test_what_is_drawn_is_what_the_data_say(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "python -m hw.drawings writes it anew"


def test_the_drawn_lines_are_the_units_defaults() -> None:
    lines = {part["name"]: part["lines"] for part in unit_parts()}
    pinout = Pinout()
    assert tuple(lines["keypad"].values()) == (*pinout.rows, *pinout.columns)
    assert lines["lamps"] == {lamp: getattr(pinout, lamp) for lamp in LAMPS}
    assert lines["buzzer"] == {"buzzer": pinout.buzzer}


def test_no_two_parts_claim_a_line_but_alternatives_and_those_of_one_bus() -> None:
    owners = defaultdict(list)
    for part in unit_parts():
        for line in part["lines"].values():
            assert line in HEADER_PINS
            owners[line].append(part)
    for line, parts in owners.items():
        for one, other in combinations(parts, 2):
            together = any(key in one and one[key] == other.get(key) for key in ("bus", "choice"))
            assert together, f"GPIO{line}: {one['name']} and {other['name']}"


def test_every_part_has_a_price_with_its_basis_and_choices_with_verdicts() -> None:
    for part in tomllib.loads(PARTS.read_text(encoding="utf-8"))["part"]:
        low, high = part["jpy"]
        assert 0 < low <= high
        assert part["basis"]
        assert part["options"]
        assert {option["verdict"] for option in part["options"]} <= VERDICTS.keys()


def test_the_camera_sees_everybody_it_is_drawn_with() -> None:
    low, high = covered_cm()
    assert all(low + 10 < eyes < high - 10 for eyes in EYES_CM.values()), "a face needs room above and below its eyes"


@pytest.mark.parametrize(
    ("size", "least", "most"), [("pitch", 2.3, 2.5), ("cell", 6.1, 7.6), ("dot", 1.5, 1.6), ("height", 0.6, 0.9)]
)
def test_braille_has_the_standards_sizes(size: str, least: float, most: float) -> None:
    assert least <= BRAILLE_MM[size] <= most
