"""What can be checked about pages and pictures without a reader: links lead somewhere, pictures stand alone."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.wire import phrases
from device.wire.reasons import entry

HOUSE = Path(__file__).parents[2]
DOCS = HOUSE / "docs"
PAGES = [HOUSE / "README.md", *sorted(DOCS.rglob("*.md"))]
PICTURES = sorted(DOCS.rglob("*.svg"))
RECORDS = sorted(path for path in (DOCS / "adr").glob("*.md") if path.name != "README.md")

HEADINGS = ["Context", "Options that lost", "Decision", "Consequences"]
LONGEST_RECORD = 60
SMALLEST_TEXT_PX = 13

SVG = "{http://www.w3.org/2000/svg}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
DRAWING = {"svg", "title", "desc", "style", "defs", "g", "use", "rect", "circle", "path", "text", "tspan"}

LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.~/:-])/(?:home|root|work|tmp|Users|mnt|media)/|\b[A-Za-z]:\\")
NOT_A_LIBRARY = {"device", "numpy", "msgspec", "cryptography"}
"""numpy and cryptography are arithmetic and msgspec spelling; none is a part of the world."""


def name(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def links(page: Path) -> Iterator[str]:
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    return (link for link in LINK.findall(text) if not ELSEWHERE.match(link))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def drawn(picture: Path) -> ET.Element:
    return ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314  our own file, not a stranger's


def words(element: ET.Element) -> str:
    return "".join(element.itertext())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links(page):
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{name(page)} links to {link}, which is not there"
        assert path.is_relative_to(HOUSE), f"{name(page)} links out of the house: {link}"
        assert not anchor or path.suffix != ".md" or anchor in anchors(path), f"{name(page)}: no heading for {link}"


@pytest.mark.parametrize("file", [*PAGES, *PICTURES], ids=name)
def test_no_page_or_picture_names_a_place_on_one_machine(file: Path) -> None:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        assert not MACHINE_PATH.search(line), f"{name(file)}:{number}: {line.strip()}"


@pytest.mark.parametrize("picture", PICTURES, ids=name)
def test_a_picture_stands_alone(picture: Path) -> None:
    for element in drawn(picture).iter():
        assert element.tag.removeprefix(SVG) in DRAWING, f"{element.tag} may run or fetch something"
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on"), f"{attribute} is a script"
            assert attribute not in {"href", XLINK_HREF} or value.startswith("#"), f"{value} is somewhere else"
            assert "url(" not in value.lower() or "url(#" in value.lower(), f"{value} is somewhere else"
    style = words(next(drawn(picture).iter(f"{SVG}style"))).lower()
    assert "@import" not in style
    assert "url(" not in style


@pytest.mark.parametrize("picture", PICTURES, ids=name)
def test_a_picture_can_be_read_aloud_and_from_afar(picture: Path) -> None:
    root = drawn(picture)
    for tag in ("title", "desc"):
        spoken = next(root.iter(f"{SVG}{tag}"))
        assert words(spoken).strip()
        assert spoken.get("id") in root.get("aria-labelledby", "").split()
    source = picture.read_text(encoding="utf-8")
    sizes = [float(size) for size in re.findall(r"font-size[=:]\s*\"?([\d.]+)", source)]
    assert sizes
    assert min(sizes) >= SMALLEST_TEXT_PX
    assert "NaN" not in source


def everything_said() -> list[str]:
    entries = [entry(reason) for reason in Reason]
    said: list[str] = []
    for language in ("ja", "en"):
        said += (phrases.say(phrase, language, tries_left=3, items=(ConsentItem.MEDICATION,)) for phrase in Phrase)
        said += (told.say(language, tries_left=2) for each in entries for told in (each.patient, each.next_step))
    return said


def test_the_picture_of_the_visit_quotes_what_is_really_said() -> None:
    quotes = [words(text) for text in drawn(DOCS / "pictures/visit.svg").iter(f"{SVG}text") if "says" in classes(text)]
    assert quotes
    sentences = everything_said()
    for quote in quotes:
        parts = [re.escape(part.strip()) for part in quote.strip("「」“”").split("…")]
        pattern = re.compile(".*".join(parts))
        assert any(pattern.search(sentence) for sentence in sentences), f"nobody says {quote}"


def classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()


def packages() -> list[str]:
    inside = [path.parent.name for path in sorted((HOUSE / "device").glob("*/__init__.py"))]
    return [*inside, "clinic", "provisioning"]


def driven_libraries() -> set[str]:
    modules = set()
    for file in (HOUSE / "device/drivers").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    foreign = modules - sys.stdlib_module_names - NOT_A_LIBRARY
    # A bus of the Pi may have no library here; its module's name then has to do.
    distributions = packages_distributions()
    return {distributions.get(module, [module])[0].lower() for module in foreign}


def test_the_picture_of_the_house_names_every_package_and_every_library_at_the_rim() -> None:
    texts = [words(text) for text in drawn(DOCS / "pictures/house.svg").iter(f"{SVG}text")]
    named = " ".join(texts).lower()
    absent = {package for package in packages() if not re.search(rf"\b{package}\b", named, re.ASCII)}
    assert not absent, f"packages that are not in the picture: {absent}"
    # By the first word of its distribution, which is what people call it.
    absent = {library for library in driven_libraries() if library.partition("-")[0] not in named}
    assert not absent, f"libraries that are not in the picture: {absent}"


@pytest.mark.parametrize("record", RECORDS, ids=name)
def test_a_decision_record_has_its_number_its_headings_and_few_words(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    number = record.name[:4]
    assert number.isdigit()
    assert text.startswith(f"# {number}: "), "the title begins with the number of the file"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS, "docs/adr/README.md says what a record holds"
    assert len(text.splitlines()) <= LONGEST_RECORD


def test_every_decision_record_is_in_the_index_and_has_a_number_of_its_own() -> None:
    assert set(links(DOCS / "adr/README.md")) >= {record.name for record in RECORDS}
    numbers = [record.name[:4] for record in RECORDS]
    assert len(numbers) == len(set(numbers))
