"""Gauge repeatability and reproducibility, crossed, by ANOVA (AIAG, Measurement Systems Analysis, 4th edition).

Every tester measures every unit equally often. What the figures vary by is split: the same tester at the same unit
(repeatability), another tester (reproducibility), another unit. A tester's way with one unit (interaction) is kept
apart where it is significant, and counted as repeatability where it is not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hw.study.errors import CannotStudy
from hw.study.figures import Figure

POOL_ABOVE: Final = 0.05
"""The interaction is pooled where it would be as large by chance at least so often."""
STUDY_WIDTH: Final = 6.0
"""Standard deviations that are held against a tolerance."""
CATEGORIES: Final = 1.41
"""√2, as AIAG rounds it."""
GOOD_PERCENT, POOR_PERCENT, LEAST_CATEGORIES = 10.0, 30.0, 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an analysis of variance."""

    source: str
    freedom: int
    squares: float
    mean_square: float
    f: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """What one source contributes."""

    source: str
    variance: float
    deviation: float
    contribution_percent: float
    study_percent: float
    tolerance_percent: float | None


@dataclass(frozen=True, slots=True)
class GaugeStudy:
    """The result. `full` is the table with the interaction, `used` the one that the components come from."""

    units: tuple[str, ...]
    testers: tuple[str, ...]
    trials: int
    full: tuple[Line, ...]
    used: tuple[Line, ...]
    pooled: bool
    components: tuple[Component, ...]
    categories: int

    def component(self, source: str) -> Component:
        """Return one by its name."""
        return next(each for each in self.components if each.source == source)

    @property
    def verdict(self) -> str:
        """`good`, `conditional` or `poor`, by AIAG's rule of thumb."""
        share = self.component("gauge").study_percent
        if share > POOR_PERCENT:
            return "poor"
        return "good" if share < GOOD_PERCENT and self.categories >= LEAST_CATEGORIES else "conditional"


def study_gauge(figures: Iterable[Figure], tolerance: float | None = None) -> GaugeStudy:
    """Reckon from figures of one measurement; the width of its limits, where it has both, is the tolerance.

    Raise CannotStudy where a tester did not measure a unit as often as others did.
    """
    readings, units, testers = _crossed(figures)
    count, people, trials = readings.shape
    grand = readings.mean()
    by_unit, by_tester, by_cell = readings.mean((1, 2)), readings.mean((0, 2)), readings.mean(2)
    of_units = people * trials * float(((by_unit - grand) ** 2).sum())
    of_testers = count * trials * float(((by_tester - grand) ** 2).sum())
    of_cells = trials * float(((by_cell - grand) ** 2).sum()) - of_units - of_testers
    of_trials = float(((readings - by_cell[:, :, None]) ** 2).sum())
    if of_units + of_testers + of_trials == 0:
        raise CannotStudy("all figures are alike: there is nothing to split")
    freedom = count - 1, people - 1, (count - 1) * (people - 1), count * people * (trials - 1)
    full = _table((of_units, of_testers, max(0.0, of_cells), of_trials), freedom)
    interaction = full[2]
    pooled = interaction.p is None or interaction.p >= POOL_ABOVE
    if pooled:
        rest = max(0.0, of_cells) + of_trials
        used = _table((of_units, of_testers, rest), (freedom[0], freedom[1], freedom[2] + freedom[3]))
    else:
        used = full
    between = used[2].mean_square
    own = used[-1].mean_square
    unit = max(0.0, (used[0].mean_square - between) / (people * trials))
    tester = max(0.0, (used[1].mean_square - between) / (count * trials))
    crossed = 0.0 if pooled else max(0.0, (between - own) / trials)
    return GaugeStudy(units, testers, trials, full, used, pooled, *_components(own, tester, crossed, unit, tolerance))


def _crossed(figures: Iterable[Figure]) -> tuple[NDArray[np.float64], tuple[str, ...], tuple[str, ...]]:
    cells: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in figures:
        if not each.tester:
            raise CannotStudy(f"{each.where}, column 'tester': is empty; a gauge study has to know who measured")
        cells[each.serial, each.tester].append(each.value)
    units = tuple(sorted({unit for unit, _ in cells}))
    testers = tuple(sorted({tester for _, tester in cells}))
    trials = max(len(values) for values in cells.values())
    for what, there in (("units", units), ("testers", testers)):
        if len(there) < 2:  # noqa: PLR2004  one has no spread
            raise CannotStudy(f"a gauge study takes two {what} or more; there is only {there[0]!r}")
    for unit in units:
        for tester in testers:
            if len(cells[unit, tester]) != trials:
                seen = len(cells[unit, tester])
                raise CannotStudy(f"unit {unit!r} was measured {seen} times by {tester!r}, others {trials} times")
    if trials < 2:  # noqa: PLR2004  same
        raise CannotStudy("every tester has to measure every unit twice or more")
    return np.array([[cells[unit, tester] for tester in testers] for unit in units], np.float64), units, testers


def _table(squares: tuple[float, ...], freedom: tuple[int, ...]) -> tuple[Line, ...]:
    """Return the lines; units and testers are tested against the line below them, and that against the last one."""
    names = ["unit", "tester", "repeatability"]
    if len(squares) > len(names):
        names.insert(2, "interaction")
    means = [each / degrees for each, degrees in zip(squares, freedom, strict=True)]
    lines = []
    for index, name in enumerate(names):
        below = 2 if index < 2 else len(names) - 1  # noqa: PLR2004  units and testers come first
        f = means[index] / means[below] if index < len(names) - 1 and means[below] > 0 else None
        p = None if f is None else float(stats.f.sf(f, freedom[index], freedom[below]))
        lines.append(Line(name, freedom[index], squares[index], means[index], f, p))
    return tuple(lines)


def _components(
    own: float, tester: float, crossed: float, unit: float, tolerance: float | None
) -> tuple[tuple[Component, ...], int]:
    total = own + tester + crossed + unit
    parts = {
        "gauge": own + tester + crossed,
        "repeatability": own,
        "reproducibility": tester + crossed,
        "tester": tester,
        "interaction": crossed,
        "unit": unit,
        "total": total,
    }
    gauge = math.sqrt(parts["gauge"])
    categories = int(CATEGORIES * math.sqrt(unit) / gauge) if gauge else 0
    return tuple(
        Component(
            source,
            variance,
            math.sqrt(variance),
            100 * variance / total,
            100 * math.sqrt(variance / total),
            None if not tolerance else 100 * STUDY_WIDTH * math.sqrt(variance) / tolerance,
        )
        for source, variance in parts.items()
    ), categories
