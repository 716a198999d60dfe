"""Whose work is in the package, and under which terms: read from what each distribution says of itself.

Texts of licences go to /usr/share/doc/uketsuke/licences; `copyright` names them. A distribution that says nothing of
its licence stops the build: then a person has to look.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, PackageMetadata, PathDistribution
from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason

_APACHE = "/usr/share/common-licenses/Apache-2.0"
_TEXTS = Path(__file__).parent / "texts"
"""Of works whose archives forget theirs."""
_TEXT = re.compile(r"(?i)(^|/)(licen[cs]e|copying|notice|copyright|authors|thirdpartynotices)[^/]*$|/licenses/[^/]+$")


@dataclass(frozen=True, slots=True)
class Licensed:
    """One work in the package."""

    name: str
    version: str
    terms: str
    """In its own words: an SPDX expression, or the name of the licence."""
    home: str
    texts: tuple[Path, ...] = ()
    told_at: str = ""
    """Where its text stands, of one that brings none."""


def distributions(site: Path) -> list[Licensed]:
    """Return the terms of all distributions in a site-packages folder. Raise Fault for one that does not tell."""
    found = [_licensed(PathDistribution(folder)) for folder in sorted(site.glob("*.dist-info"))]
    if silent := [one.name for one in found if not one.terms]:
        raise _fault(f"no licence is named by {', '.join(silent)}: look at its page and name it in deb/licences.py")
    return found


def collect(works: Iterable[Licensed], documents: Path, own_licence: Path) -> None:
    """Write `copyright` and copy all texts into the package's folder of documents."""
    works = sorted((_with_text(work) for work in works), key=lambda work: work.name.lower())
    if silent := [work.name for work in works if not (work.texts or work.told_at)]:
        raise _fault(f"no text of its licence comes with {', '.join(silent)}: put it into deb/texts")
    stanzas = [
        (
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
            "Upstream-Name: uketsuke\n"
            "Comment: The package brings its own copies of the works below, as their authors published them. The full\n"
            " texts of their licences lie in /usr/share/doc/uketsuke/licences.\n"
        ),
        "Files: *\nCopyright: the authors of Uketsuke\nLicense: Apache-2.0\n",
    ]
    for work in works:
        places = []
        # Some bring the same text twice.
        for text in {text.read_bytes(): text for text in reversed(work.texts)}.values():
            place = Path("licences", work.name, text.name)
            number = 1
            while (documents / place).exists():
                number += 1
                place = place.with_name(f"{text.stem}-{number}{text.suffix}")
            (documents / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, documents / place)
            places.append(str(place))
        stanzas.append(
            f"Comment: {work.name} {work.version}\n Terms: {work.terms}\n Home: {work.home}\n"
            + "".join(f" Text: /usr/share/doc/uketsuke/{place}\n" for place in places)
            + (f" Text: {work.told_at}\n" if work.told_at else "")
        )
    stanzas.append(
        "License: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0, and in\n"
        " /usr/share/doc/uketsuke/licences/LICENSE.\n"
    )
    (documents / "licences").mkdir(exist_ok=True)
    shutil.copyfile(own_licence, documents / "licences" / "LICENSE")
    (documents / "copyright").write_text("\n".join(stanzas), encoding="utf-8")


def _with_text(work: Licensed) -> Licensed:
    """Return it with a text of ours where it brings none; that of Apache's is on every Debian."""
    if work.texts or work.told_at:
        return work
    if ours := sorted((_TEXTS / work.name).glob("*")):
        return replace(work, texts=tuple(ours))
    return replace(work, told_at=_APACHE if "apache" in work.terms.lower() else "")


def _licensed(distribution: Distribution) -> Licensed:
    said = distribution.metadata
    classified = [
        line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or () if line.startswith("License ::")
    ]
    # Some old ones put the whole text where its name belongs.
    named = next((line.strip() for line in (_one(said, "License")).splitlines() if line.strip()), "")
    return Licensed(
        name=said["Name"],
        version=said["Version"],
        terms=_one(said, "License-Expression") or ", ".join(classified) or named,
        home=_home(said.get_all("Project-URL") or (), _one(said, "Home-page")),
        texts=tuple(_texts(distribution)),
    )


def _one(said: PackageMetadata, name: str) -> str:
    return next(iter(said.get_all(name) or ()), "")


def _texts(distribution: Distribution) -> Iterator[Path]:
    for file in sorted(distribution.files or (), key=str):
        path = Path(str(distribution.locate_file(file)))
        if _TEXT.search(str(file)) and path.suffix not in {".py", ".pyi", ".so"} and path.is_file():
            yield path


def _home(links: Iterable[str], page: str) -> str:
    by_name = {name.strip().lower(): link.strip() for name, _, link in (line.partition(",") for line in links)}
    wanted = ("homepage", "home", "repository", "source", "source code", "github")
    return next((by_name[name] for name in wanted if name in by_name), page) or next(iter(by_name.values()), "unknown")


def _fault(why: str) -> Fault:
    return Fault(why, part="package", reason=Reason.INTERNAL_FAULT)
