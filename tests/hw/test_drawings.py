"""Wiring, parts and drawings of hw/: held to the unit's own defaults, and made of the data that lie beside them."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from itertools import combinations
from math import isclose
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from device.app.panel_page import HEADER_PINS
from device.panel.lamps import LAMPS
from device.panel.pinout import Pinout
from hw.drawings.boards import unit_parts
from hw.drawings.enclosure import BRAILLE_MM, CAMERA_CELLS, CARD_CELLS, EYES_CM, covered_cm
from hw.drawings.pages import DOCS, PAGES
from hw.drawings.parts_page import PARTS, VERDICTS, in_yen


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


def parts_list() -> dict[str, Any]:
    return tomllib.loads(PARTS.read_text(encoding="utf-8"))


def test_every_part_has_an_estimate_and_choices_with_verdicts() -> None:
    for part in parts_list()["part"]:
        low, high = part["jpy"]
        assert 0 < low <= high
        assert part["options"]
        assert {option["verdict"] for option in part["options"]} <= VERDICTS.keys()


def test_every_price_has_day_and_source_or_says_that_it_is_an_estimate() -> None:
    data = parts_list()
    for part in data["part"]:
        published = part.get("published", [])
        assert part["basis"] == ("published" if published else "estimate"), part["en"]
        for price in published:
            assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", price["on"])
            assert price["source"].startswith(("https://", "http://"))
            assert price["option"] in {each["name"] for each in part["options"] if each["verdict"] != "no"}
            low, high = part["jpy"]
            assert low <= in_yen(data, price) <= high, f"{part['en']}: the estimate does not hold what was published"


def test_the_page_says_which_prices_are_estimates_alone() -> None:
    page = PAGES["parts.md"]()
    for part in parts_list()["part"]:
        [row] = [line for line in page.splitlines() if line.startswith(f"| {part['en']} |")]
        assert ("estimate alone 見積もりのみ" in row) == (part["basis"] == "estimate")


def test_the_camera_sees_everybody_it_is_drawn_with() -> None:
    low, high = covered_cm()
    assert all(low + 10 < eyes < high - 10 for eyes in EYES_CM.values()), "a face needs room above and below its eyes"


@pytest.mark.parametrize(
    ("size", "least", "most"), [("pitch", 2.3, 2.5), ("cell", 6.1, 7.6), ("dot", 1.5, 1.6), ("height", 0.6, 0.9)]
)
def test_braille_has_the_standards_sizes(size: str, least: float, most: float) -> None:
    assert least <= BRAILLE_MM[size] <= most


KANTENJI = {"か": "28", "と": "3567", "ど": "6-3567", "め": "235678", "ら": "26", "ー": "36"}
"""From liblouis 3.24.0, tables/ja-kantenji.utb (Kensaku Y., LGPL-2.1): kana in eight dots, each a row below its six."""
SIX_OF_EIGHT = {"2": 1, "3": 2, "7": 3, "5": 4, "6": 5, "8": 6}


def cells_of(word: str) -> tuple[tuple[int, ...], ...]:
    """What a word is in six dots, by the published table."""
    said = [cell for kana in word for cell in KANTENJI[kana].split("-")]
    return tuple(tuple(sorted(SIX_OF_EIGHT[dot] for dot in cell)) for cell in said)


def test_the_braille_is_what_a_published_table_says_dot_by_dot() -> None:
    assert cells_of("かーど") == CARD_CELLS
    assert cells_of("かめら") == CAMERA_CELLS


def test_braille_kana_are_their_vowel_and_their_row() -> None:
    """The six-dot script's own rule: vowels in dots 1 2 4, rows in dots 3 5 6."""
    a, e, o = {1}, {1, 2, 4}, {2, 4}
    k, t, m, r = {6}, {3, 5}, {3, 5, 6}, {5}
    assert [set(cell) for cell in CARD_CELLS] == [a | k, {2, 5}, {5}, o | t]
    assert [set(cell) for cell in CAMERA_CELLS] == [a | k, e | m, a | r]


def elements(name: str, kind: str) -> list[ET.Element]:
    page = ET.fromstring(PAGES[name]())  # noqa: S314  drawn here
    return list(page.iter(f"{{http://www.w3.org/2000/svg}}{kind}"))


def texts(name: str) -> list[tuple[float, float, str]]:
    return [(float(each.get("x", 0)), float(each.get("y", 0)), each.text or "") for each in elements(name, "text")]


def test_the_dots_are_drawn_where_the_cells_say() -> None:
    dots = [
        (float(each.get("cx", 0)), float(each.get("cy", 0)))
        for each in elements("pictures/braille.svg", "circle")
        if float(each.get("r", 0)) > 5
    ]
    scale = 16.0
    for left, cells in ((52.0, CARD_CELLS), (482.0, CAMERA_CELLS)):
        for index, cell in enumerate(cells):
            x = left + index * BRAILLE_MM["cell"] * scale
            here = {
                3 * column + row + 1
                for column in (0, 1)
                for row in (0, 1, 2)
                if any(
                    isclose(cx, x + column * BRAILLE_MM["pitch"] * scale, abs_tol=0.1)
                    and isclose(cy, 116 + row * BRAILLE_MM["pitch"] * scale, abs_tol=0.1)
                    for cx, cy in dots
                )
            }
            assert here == set(cell)
    assert len(dots) == sum(map(len, (*CARD_CELLS, *CAMERA_CELLS)))


def test_the_case_shows_the_same_braille() -> None:
    shown = {text for *_, text in texts("pictures/enclosure.svg") if "\u2800" < text[:1] <= "\u28ff"}
    braille = {
        "".join(chr(0x2800 + sum(1 << (dot - 1) for dot in cell)) for cell in cells_of(w)) for w in ("かーど", "かめら")
    }
    assert shown == braille == {"⠡⠒⠐⠞", "⠡⠿⠑"}


JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
ENGLISH = re.compile("[a-z]{3}")
SAME_IN_BOTH = re.compile(r"\d+ [a-z0-9 ]+|microSD|GPIO.*|1 kΩ")
"""Numbers with a name of the program, and names that are everybody's."""


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith(".svg")])
def test_what_a_drawing_says_in_english_it_says_in_japanese_beside_it(name: str) -> None:
    lines = [each for each in texts(name) if not SAME_IN_BOTH.fullmatch(each[2])]

    def told(start: tuple[float, float, str]) -> bool:
        """Look through the lines above and below that begin at the same place."""
        block, waiting = {start}, [start]
        while waiting:
            x, y, _ = waiting.pop()
            near = {each for each in lines if abs(each[0] - x) <= 28 and 0 < abs(each[1] - y) <= 22} - block
            block |= near
            waiting.extend(near)
        return any(JAPANESE.search(text) for *_, text in block)

    english = [each for each in lines if ENGLISH.search(each[2]) and not JAPANESE.search(each[2])]
    assert [text for x, y, text in english if not told((x, y, text))] == []
