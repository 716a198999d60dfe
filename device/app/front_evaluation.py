"""How often the card's front is read, and how often wrongly: cards of invented people, drawn and photographed.

Every card gets a severity of its own, from a studio to what nobody should accept, and up to `FRAMES` pictures of the
same scene: same wear, same light, nearly the same place. What the reader would send to the card is compared with what
was printed. A card counts as readable when at least two of its first three pictures are; the rule is that
of `device.sim.card_front_pictures.readable`.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from device.app.assets import load_manifest, weights_path
from device.card.front import Agreed, AgreeingReader, FrontReader, FrontReading, FrontRules, Unread
from device.domain.secrets import ReferenceNumberB
from device.drivers.ocr import open_recogniser
from device.face.manifest import Role
from device.ports.camera import Frame
from device.sim.card_front_pictures import (
    InventedFront,
    PrintedCard,
    View,
    invent,
    look_again,
    photograph,
    print_card,
    take_view,
    unreadable_because,
    wear,
)

LEVELS: Final = 11
"""Severities 0, 0.1, … 1, in turn."""
FRAMES_TO_AGREE: Final = 3
"""A readable card must be read within so many pictures."""
FRAMES: Final = 4
"""So many are looked at before the reader gives up, here; each is one more chance to be wrong."""
TODAY: Final = date(2026, 11, 22)
"""Fixed, so that a seed means the same cards on any day."""


@dataclass(frozen=True, slots=True)
class CardTold:
    """What became of one card."""

    severity: float
    readable: bool
    frames: int
    """Pictures until two agreed; 0 if none did."""
    right: bool
    why_not: str
    """The last thing in the way, or why the pictures count as unreadable."""


@dataclass(slots=True)
class Tally:
    """What became of all cards."""

    cards: int = 0
    readable: Counter[float] = field(default_factory=Counter)
    in_time: Counter[float] = field(default_factory=Counter)
    """Readable and right within FRAMES_TO_AGREE."""
    of_severity: Counter[float] = field(default_factory=Counter)
    right: Counter[float] = field(default_factory=Counter)
    """Right at all, readable or not."""
    wrong: int = 0
    """Numbers that would have been sent and are not what is printed: each costs a patient a try."""
    misses: Counter[str] = field(default_factory=Counter)
    """What was in the way of readable cards that were not read in time."""

    def add(self, told: CardTold) -> None:
        """Count one card."""
        self.cards += 1
        self.of_severity[told.severity] += 1
        self.right[told.severity] += told.right
        self.wrong += bool(told.frames) and not told.right
        if told.readable:
            in_time = told.right and told.frames <= FRAMES_TO_AGREE
            self.readable[told.severity] += 1
            self.in_time[told.severity] += in_time
            if not in_time:
                self.misses[told.why_not] += 1

    def lines(self) -> Iterator[str]:
        """Tell it, a line at a time."""
        readable, in_time = self.readable.total(), self.in_time.total()
        share = f" ({in_time / readable:.2%})" if readable else ""
        yield f"{self.cards} cards, {readable} of them readable"
        yield f"readable cards read right within {FRAMES_TO_AGREE} pictures: {in_time}{share}"
        yield f"numbers sent: {self.right.total() + self.wrong}, wrong ones: {self.wrong}"
        yield "severity  cards  readable  right in time  right at all"
        for severity, cards in sorted(self.of_severity.items()):
            counts = (self.readable[severity], self.in_time[severity], self.right[severity])
            yield f"{severity:8.1f}  {cards:5}  {counts[0]:8}  {counts[1]:13}  {counts[2]:12}"
        for why, times in self.misses.most_common():
            yield f"missed {times}: {why}"


def evaluate(
    models_dir: Path, *, count: int, seed: int, hardest: float = 1.0, processes: int = 1, say: Callable[[str], None]
) -> Tally:
    """Show `count` cards to the reader and tell what became of them; progress goes to `say`, a line per 500 cards.

    `hardest` leaves out what is more severe. Raise Fault when weights or typefaces are missing.
    """
    tally = Tally()
    jobs = ((models_dir, seed, index, hardest) for index in range(count))
    for told in _told(jobs, processes):
        tally.add(told)
        if tally.cards % 500 == 0:
            say(f"{tally.cards} of {count} cards, {tally.wrong} wrong numbers")
    return tally


_Job = tuple[Path, int, int, float]


def _told(jobs: Iterator[_Job], processes: int) -> Iterator[CardTold]:
    if processes == 1:
        reader: FrontReader | None = None
        for models_dir, seed, index, hardest in jobs:
            reader = reader or open_reader(models_dir)
            yield _show(reader, seed, index, hardest)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_show_in_process, jobs, chunksize=8)


_reader_of_process: list[FrontReader] = []


def _show_in_process(job: _Job) -> CardTold:
    models_dir, seed, index, hardest = job
    if not _reader_of_process:
        cv2.setNumThreads(1)
        _reader_of_process.append(open_reader(models_dir))
    return _show(_reader_of_process[0], seed, index, hardest)


def open_reader(models_dir: Path, *, western_birth_years: bool = False) -> FrontReader:
    """Return the reader with the weights and the threshold that `models_dir` declares. Raise Fault or BadConfig."""
    spec = load_manifest(models_dir / "manifest.toml").the(Role.OCR)
    rules = FrontRules(
        accept=spec.threshold.accept, retry=spec.threshold.retry, western_birth_years=western_birth_years
    )
    return FrontReader(open_recogniser(weights_path(models_dir, spec), spec), rules)


def _show(reader: FrontReader, seed: int, index: int, hardest: float) -> CardTold:
    severity = hardest * (index % LEVELS) / (LEVELS - 1)
    chance = np.random.default_rng((seed, index))
    front = invent(chance, TODAY)
    card = wear(print_card(front, chance), severity, chance)
    views = [take_view(severity, chance)]
    views += [look_again(views[0], chance) for _ in range(FRAMES - 1)]
    hindrances = [unreadable_because(card, view) for view in views[:FRAMES_TO_AGREE]]
    readable = hindrances.count(None) > 1
    frames, right, why_not = _read(reader, front, card, views, chance)
    if not readable:
        why_not = next(str(hindrance) for hindrance in hindrances if hindrance)
    return CardTold(round(severity, 3), readable, frames, right, why_not)


def _read(
    reader: FrontReader, front: InventedFront, card: PrintedCard, views: list[View], chance: np.random.Generator
) -> tuple[int, bool, str]:
    """Return after how many pictures two agreed (0: never), whether on what is printed, and what was in the way."""
    agreeing = AgreeingReader()
    why_not = "no agreement"
    for number, view in enumerate(views, 1):
        frame = Frame(pixels=photograph(card, view, chance), taken_s=float(number), number=number)
        read = reader.read(frame.pixels, TODAY)
        why_not = read.value if isinstance(read, Unread) else why_not
        decision = agreeing.feed(FrontReading.of(frame, None if isinstance(read, Unread) else read))
        if isinstance(decision, Agreed):
            right = _equal(decision.number, front.reference_number())
            agreeing.forget()
            return number, right, why_not
    agreeing.forget()
    return 0, False, why_not


def _equal(one: ReferenceNumberB, other: ReferenceNumberB) -> bool:
    equal = one.reveal() == other.reveal()
    one.wipe()
    other.wipe()
    return equal
