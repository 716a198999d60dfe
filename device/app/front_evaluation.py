"""How often the card's front is read, and how often wrongly: cards of invented people, drawn and photographed.

Every card gets a severity of its own, from a studio to what nobody should accept, and some pictures of the same scene:
same wear, same light, nearly the same place. What the reader would send to the card is compared with what
was printed. A card counts as readable when at least two of its first three pictures are; the rule is that
of `device.sim.card_front_pictures.readable`. What comes of it is counted in `front_tally`.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from device.app.card_front import open_front_reader
from device.app.front_tally import FRAMES_IN_TIME, IN_DOUBT, RIGHT, WRONG, CardTold
from device.card.front import Agreed, AgreeingReader, Doubtful, FrontRead, FrontReader, FrontReading, Unread
from device.domain.secrets import ReferenceNumberB
from device.ports.camera import Frame
from device.sim.card_front_pictures import (
    InventedFront,
    PrintedCard,
    View,
    hardness,
    invent,
    look_again,
    photograph,
    print_card,
    take_view,
    wear,
)

LEVELS: Final = 11
"""Severities 0, 0.1, … 1, in turn."""
TODAY: Final = date(2026, 11, 22)
"""Fixed, so that a seed means the same cards on any day."""


@dataclass(frozen=True, slots=True)
class _Show:
    """One card to be shown; goes to another process."""

    models_dir: Path
    seed: int
    index: int
    hardest: float
    frames: int


def evaluate(
    models_dir: Path,
    indices: Iterable[int],
    *,
    seed: int,
    hardest: float = 1.0,
    frames: int = FRAMES_IN_TIME,
    processes: int = 1,
) -> Iterator[CardTold]:
    """Show the cards with these numbers to the reader, and yield what became of each.

    `hardest` leaves out what is more severe; after `frames` pictures the reader gives up.
    Raise Fault when weights or typefaces are missing.
    """
    shows = (_Show(models_dir, seed, index, hardest, frames) for index in indices)
    if processes == 1:
        reader = open_front_reader(models_dir)
        yield from (_show(reader, show) for show in shows)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_show_in_process, shows, chunksize=4)


_reader_of_process: list[FrontReader] = []


def _show_in_process(show: _Show) -> CardTold:
    if not _reader_of_process:
        cv2.setNumThreads(1)
        _reader_of_process.append(open_front_reader(show.models_dir))
    return _show(_reader_of_process[0], show)


def _show(reader: FrontReader, show: _Show) -> CardTold:
    severity = show.hardest * (show.index % LEVELS) / (LEVELS - 1)
    chance = np.random.default_rng((show.seed, show.index))
    front = invent(chance, TODAY)
    card = wear(print_card(front, chance), severity, chance)
    views = [take_view(severity, chance)]
    views += [look_again(views[0], chance) for _ in range(max(show.frames, FRAMES_IN_TIME) - 1)]
    # A number needs two pictures, so the second easiest of the three says how hard the card is.
    by_hardness = sorted((hardness(card, view) for view in views[:FRAMES_IN_TIME]), key=lambda one: one.of_limit)
    looks, sent = _read(reader, front, card, views[: show.frames], chance)
    return CardTold(
        seed=show.seed,
        index=show.index,
        severity=round(severity, 3),
        readable=by_hardness[1].readable,
        trouble=str(by_hardness[1].trouble),
        of_limit=round(min(by_hardness[1].of_limit, 10.0), 3),
        looks=looks,
        sent=sent,
    )


def _read(
    reader: FrontReader, front: InventedFront, card: PrintedCard, views: list[View], chance: np.random.Generator
) -> tuple[tuple[str, ...], str | None]:
    """Return what each picture said until two agreed, and whether what they agreed on is what is printed."""
    agreeing = AgreeingReader(lambda _: False)
    printed = front.reference_number()
    looks: list[str] = []
    sent = None
    for number, view in enumerate(views, 1):
        frame = Frame(pixels=photograph(card, view, chance), taken_s=float(number), number=number)
        read = reader.read(frame.pixels, TODAY)
        looks.append(_told(printed, read))
        decision = agreeing.feed(FrontReading.of(frame, read))
        if isinstance(decision, Agreed):
            sent = _against(printed, decision.number)
            decision.number.wipe()
            break
    agreeing.forget()
    printed.wipe()
    return tuple(looks), sent


def _told(printed: ReferenceNumberB, read: FrontRead) -> str:
    if isinstance(read, Unread):
        return read.value
    if isinstance(read, Doubtful):
        return f"{IN_DOUBT}, {_against(printed, read.number)}"
    return _against(printed, read)


def _against(printed: ReferenceNumberB, read: ReferenceNumberB) -> str:
    return RIGHT if read.reveal() == printed.reveal() else WRONG
