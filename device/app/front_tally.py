"""What became of the cards that were shown to the reader of card fronts: counted, bounded, kept in a file, drawn."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from device.app.plots import new_figure, save
from device.domain.errors import BadConfig

FRAMES_IN_TIME: Final = 3
"""A readable card must be read within so many pictures."""
RIGHT: Final = "right"
WRONG: Final = "wrong"
IN_DOUBT: Final = "in doubt"
"""Before RIGHT or WRONG, where the reader was not certain of the security code."""
STEPS_OF_HARDNESS: Final = 10
HARDEST_DRAWN: Final = 2.0
NORMAL_95: Final = 1.96
"""Two-sided 95 % of the normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTold:
    """What became of one card."""

    seed: int
    index: int
    severity: float
    readable: bool
    trouble: str
    """What makes it hard, or unreadable."""
    of_limit: float
    """How hard: 1 is the limit of what must be read."""
    looks: tuple[str, ...]
    """What each picture gave until a number was believed: RIGHT, WRONG, the same IN_DOUBT, or why there was none."""
    sent: str | None
    """RIGHT or WRONG, None when nothing was believed."""

    def within(self, frames: int) -> bool:
        """Whether the right number was believed within so many pictures."""
        return self.sent == RIGHT and len(self.looks) <= frames

    @property
    def why_not(self) -> str:
        """The last thing in the way."""
        return next((look for look in reversed(self.looks) if look != RIGHT), "no agreement")


@dataclass(slots=True)
class Tally:
    """What became of all cards."""

    cards: int = 0
    readable: Counter[float] = field(default_factory=Counter)
    """By severity, as the three that follow."""
    in_time: Counter[float] = field(default_factory=Counter)
    of_severity: Counter[float] = field(default_factory=Counter)
    right: Counter[float] = field(default_factory=Counter)
    """Right at all, readable or not."""
    wrong: list[tuple[int, int]] = field(default_factory=list)
    """Seed and number of each card whose number would have been sent and is not what is printed: each costs a try."""
    misses: Counter[str] = field(default_factory=Counter)
    """What was in the way of readable cards that were not read in time."""

    def add(self, told: CardTold) -> None:
        """Count one card."""
        self.cards += 1
        self.of_severity[told.severity] += 1
        self.right[told.severity] += told.sent == RIGHT
        if told.sent == WRONG:
            self.wrong.append((told.seed, told.index))
        if told.readable:
            in_time = told.within(FRAMES_IN_TIME)
            self.readable[told.severity] += 1
            self.in_time[told.severity] += in_time
            if not in_time:
                self.misses[told.why_not] += 1

    def lines(self) -> Iterator[str]:
        """Tell it, a line at a time."""
        readable, in_time = self.readable.total(), self.in_time.total()
        yield f"{self.cards} cards, {readable} of them readable"
        yield f"readable cards read right within {FRAMES_IN_TIME} pictures: {in_time}{_share(in_time, readable)}"
        sent = self.right.total() + len(self.wrong)
        yield f"numbers sent: {sent}, wrong ones: {len(self.wrong)}"
        if self.cards and not self.wrong:
            yield f"with 95 % confidence fewer than {3 / self.cards:.1e} of such cards get a wrong number"
        for seed, index in self.wrong:
            yield f"wrong: seed {seed}, card {index}"
        yield "severity  cards  readable  right in time  right at all"
        for severity, cards in sorted(self.of_severity.items()):
            counts = (self.readable[severity], self.in_time[severity], self.right[severity])
            yield f"{severity:8.1f}  {cards:5}  {counts[0]:8}  {counts[1]:13}  {counts[2]:12}"
        for why, times in self.misses.most_common():
            yield f"missed {times}: {why}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, the share read in time with the ends of its 95 % interval."""
        readable, in_time = self.readable.total(), self.in_time.total()
        return {
            "cards": self.cards,
            "readable": readable,
            "in_time": in_time,
            "in_time_95": wilson(in_time, readable) if readable else None,
            "sent": self.right.total() + len(self.wrong),
            "wrong": [{"seed": seed, "card": index} for seed, index in self.wrong],
            "by_severity": [
                {
                    "severity": severity,
                    "cards": cards,
                    "readable": self.readable[severity],
                    "in_time": self.in_time[severity],
                    "right": self.right[severity],
                }
                for severity, cards in sorted(self.of_severity.items())
            ],
            "missed": dict(self.misses.most_common()),
        }


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the two ends of the 95 % interval of a share (Wilson's score interval)."""
    share, weight = hits / of, NORMAL_95**2 / of
    middle = share + weight / 2
    reach = NORMAL_95 * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    return (middle - reach) / (1 + weight), (middle + reach) / (1 + weight)


def _share(hits: int, of: int) -> str:
    if not of:
        return ""
    low, high = wilson(hits, of)
    return f" ({hits / of:.2%}, 95 % interval {low:.2%} to {high:.2%})"


def read_told(path: Path) -> list[CardTold]:
    """Return the cards that a file tells of, none if there is no file. Raise BadConfig naming a wrong line."""
    if not path.exists():
        return []
    told = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            fields = json.loads(line)
            told.append(CardTold(**(fields | {"looks": tuple(fields["looks"])})))
        except (ValueError, TypeError, KeyError) as error:
            raise BadConfig(f"does not tell of a card ({error})", where=f"{path}, line {number}") from error
    return told


def line_of(told: CardTold) -> str:
    """Return one card as a line of such a file."""
    return json.dumps(asdict(told)) + "\n"


def draw(told: list[CardTold], path: Path) -> None:
    """Draw how many cards were read, by how hard they are, and of the readable ones by what makes them hard."""
    figure, (by_hardness, by_trouble) = new_figure(columns=2)
    near = [one for one in told if one.of_limit < HARDEST_DRAWN]
    steps = sorted({_step(one) for one in near})
    for name, counts in _CURVES.items():
        shares = [_yield([one for one in near if _step(one) == step], counts) for step in steps]
        by_hardness.plot([(step + 0.5) / STEPS_OF_HARDNESS for step in steps], shares, marker="o", label=name)
    by_hardness.axvline(1, color="black", linewidth=1)
    by_hardness.set(xlabel="how hard (up to 1 a card must be read)", ylabel="share of cards", ylim=(0, 1.03))
    readable = [one for one in told if one.readable]
    by_hardness.legend(loc="upper right")
    troubles = sorted({one.trouble for one in readable})
    width = 0.8 / len(_CURVES)
    for place, (name, counts) in enumerate(_CURVES.items()):
        shares = [_yield([one for one in readable if one.trouble == trouble], counts) for trouble in troubles]
        by_trouble.bar([at + place * width for at in range(len(troubles))], shares, width, label=name)
    labels = [f"{trouble}\n({sum(one.trouble == trouble for one in readable)})" for trouble in troubles]
    by_trouble.set_xticks([at + width for at in range(len(troubles))], [label.removeprefix("too ") for label in labels])
    by_trouble.set(xlabel="what makes readable ones hard (cards)", ylim=(0, 1.03))
    save(figure, path)


_CURVES: Final[dict[str, Callable[[CardTold], bool]]] = {
    "1 picture read right (not believed yet)": lambda one: one.looks[0] == RIGHT,
    "right number within 2 pictures": lambda one: one.within(2),
    "right number within 3 pictures": lambda one: one.within(3),
}


def _step(told: CardTold) -> int:
    return int(told.of_limit * STEPS_OF_HARDNESS)


def _yield(told: list[CardTold], counts: Callable[[CardTold], bool]) -> float:
    return sum(counts(one) for one in told) / len(told)
