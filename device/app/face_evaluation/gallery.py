"""A folder of photos laid out as Labeled Faces in the Wild is, and what is to be compared with what.

    DIR/[images/]NAME/NAME_0001.jpg     one folder per person
    DIR/pairs.txt                       optional: the benchmark's list, fold after fold
    DIR/labels.csv                      optional: `person,ATTRIBUTE,…`, one line per person

Without a list, every two photos of one person are a pair, and there are no folds.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device.domain.errors import BadConfig

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
FIELDS_OF_ONE, FIELDS_OF_TWO = 3, 4
"""`NAME i j` names two photos of one person, `NAME i OTHER j` photos of two."""

Pair = tuple[int, int]
"""Places in `Gallery.shots`."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One photo."""

    person: str
    path: Path


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of the benchmark: pairs of one person, pairs of two."""

    same: tuple[Pair, ...]
    different: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """The photos, and what the list says of them."""

    shots: tuple[Shot, ...]
    same: tuple[Pair, ...]
    folds: tuple[Fold, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For each attribute: person → value."""

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody, sorted."""
        return tuple(sorted({shot.person for shot in self.shots}))


def read_gallery(folder: Path) -> Gallery:
    """Read the folder's lists and the names of its photos. Raise BadConfig naming the file and the line."""
    root = folder / "images" if (folder / "images").is_dir() else folder
    if not root.is_dir():
        raise BadConfig("there is no such folder", where=str(root))
    people = sorted(path for path in root.iterdir() if path.is_dir())
    shots = tuple(
        Shot(person.name, path)
        for person in people
        for path in sorted(person.iterdir())
        if path.suffix.lower() in ENDINGS
    )
    if len({shot.person for shot in shots}) < 2:  # noqa: PLR2004  one person cannot be mistaken for another
        raise BadConfig("there must be a folder of photos for each of two people or more", where=str(root))
    labels = _labels(folder / "labels.csv", {shot.person for shot in shots})
    if (folder / "pairs.txt").exists():
        folds = _folds(folder / "pairs.txt", shots)
        return Gallery(shots, tuple(pair for fold in folds for pair in fold.same), folds, labels)
    by_person = itertools.groupby(range(len(shots)), key=lambda place: shots[place].person)
    same = tuple(pair for _, places in by_person for pair in itertools.combinations(places, 2))
    if not same:
        raise BadConfig("nobody has two photos, so nothing can match", where=str(root))
    return Gallery(shots, same, (), labels)


def _folds(path: Path, shots: Sequence[Shot]) -> tuple[Fold, ...]:
    lines = _lines(path)
    header = next(lines, ())
    if not header or len(header) > 2 or not all(word.isdecimal() for word in header):  # noqa: PLR2004
        raise BadConfig("the first line says how many folds, and how many pairs of each kind", where=f"{path}: line 1")
    count, size = (int(header[0]), int(header[1])) if len(header) > 1 else (1, int(header[0]))
    places = {(shot.person, shot.path.stem): place for place, shot in enumerate(shots)}
    pairs = [_pair(words, places, f"{path}: line {number}") for number, words in enumerate(lines, 2)]
    if len(pairs) != 2 * count * size:
        raise BadConfig(f"{2 * count * size} pairs are promised, {len(pairs)} are there", where=str(path))
    starts = range(0, len(pairs), 2 * size)
    return tuple(Fold(tuple(pairs[at : at + size]), tuple(pairs[at + size : at + 2 * size])) for at in starts)


def _pair(words: Sequence[str], places: Mapping[tuple[str, str], int], where: str) -> Pair:
    if len(words) == FIELDS_OF_ONE:
        words = (words[0], words[1], words[0], words[2])
    if len(words) != FIELDS_OF_TWO or not (words[1].isdecimal() and words[3].isdecimal()):
        raise BadConfig("a pair is `NAME i j` or `NAME i OTHER j`", where=where)
    keys = [(name, f"{name}_{int(number):04d}") for name, number in (words[:2], words[2:])]
    if missing := [key for key in keys if key not in places]:
        raise BadConfig(f"there is no photo {missing[0][1]}", where=where)
    return places[keys[0]], places[keys[1]]


def _labels(path: Path, people: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    if not path.exists():
        return {}
    rows = list(csv.reader(_text(path).splitlines()))
    if not rows or rows[0][:1] != ["person"] or len(rows[0]) < 2:  # noqa: PLR2004
        raise BadConfig("the first line must be `person,ATTRIBUTE,…`", where=f"{path}: line 1")
    attributes = rows[0][1:]
    known = set(people)
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise BadConfig(f"{len(rows[0])} values are due, {len(row)} are there", where=f"{path}: line {number}")
        if row[0] not in known:
            raise BadConfig(f"nobody is called {row[0]!r}", where=f"{path}: line {number}")
    return {name: {row[0]: row[place] for row in rows[1:]} for place, name in enumerate(attributes, 1)}


def _lines(path: Path) -> Iterator[tuple[str, ...]]:
    return iter([tuple(line.split()) for line in _text(path).splitlines() if line.strip()])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"cannot be read: {error}", where=str(path)) from error
