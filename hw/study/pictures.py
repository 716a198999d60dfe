"""One picture for each kind of study; limits are drawn in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from device.app.plots import new_figure
from hw.plots import BINS, INK, LIMIT, as_element
from hw.study.gauge import GaugeStudy
from hw.study.lot import LotStudy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hw.study.figures import Figure

SOFT: Final = "#8a8a8a"
OTHER: Final = "#c77700"
BARS: Final = ("gauge", "repeatability", "reproducibility", "unit")


def of_gauge(study: GaugeStudy, figures: Sequence[Figure]) -> str:
    """Draw what the spread is made of, and every reading by unit and tester."""
    figure, (shares, readings) = new_figure(1, 2)
    shares.bar(BARS, [study.component(name).study_percent for name in BARS], color=INK)
    shares.set_ylabel("% of the study's spread")
    for number, (tester, color) in enumerate(zip(study.testers, _colors(len(study.testers)), strict=True), start=1):
        own = [each for each in figures if each.tester == tester]
        readings.plot(
            [study.units.index(each.serial) for each in own],
            [each.value for each in own],
            marker=".",
            linestyle="",
            color=color,
        )
        means = [np.mean([each.value for each in own if each.serial == unit]) for unit in study.units]
        readings.plot(range(len(study.units)), means, color=color, label=_written(tester, number))
    units = [_written(unit, number) for number, unit in enumerate(study.units, start=1)]
    readings.set_xticks(range(len(study.units)), units, rotation=60, fontsize=8)
    readings.legend(title="tester", frameon=False)
    return as_element(figure)


def of_capability(values: Sequence[float], lower: float | None, upper: float | None, unit: str) -> str:
    """Draw the figures as a histogram, with a normal curve of the same mean and spread."""
    figure, (axes,) = new_figure()
    axes.hist(values, bins=BINS, density=True, color=INK, alpha=0.7)
    mean, deviation = np.mean(values), np.std(values, ddof=1)
    x = np.linspace(mean - 4 * deviation, mean + 4 * deviation, 200)
    axes.plot(x, np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * np.sqrt(2 * np.pi)), color=OTHER)
    for bound in (lower, upper):
        if bound is not None:
            axes.axvline(bound, color=LIMIT, linestyle="--", label=f"limit {bound:g}")
    axes.set_xlabel(unit)
    axes.legend(frameon=False)
    return as_element(figure)


def of_lot(study: LotStudy, values: Sequence[float], lower: float | None, upper: float | None) -> str:
    """Draw the chart of individuals, what stands out, and the measurement's own limits."""
    figure, (axes,) = new_figure()
    axes.plot(range(1, len(values) + 1), values, marker=".", color=INK)
    marked = sorted({each.index for each in study.remarks})
    axes.plot([index + 1 for index in marked], [values[index] for index in marked], "o", color=OTHER, label="remark")
    axes.axhline(study.center, color=SOFT, label="mean")
    for bound in (study.low, study.high):
        axes.axhline(bound, color=SOFT, linestyle=":")
    for bound in (each for each in (lower, upper) if each is not None):
        axes.axhline(bound, color=LIMIT, linestyle="--", label=f"limit {bound:g}")
    axes.set_xlabel("order of testing")
    axes.legend(frameon=False)
    return as_element(figure)


def of_comparison(samples: Sequence[tuple[str, Sequence[float]]], unit: str) -> str:
    """Draw both builds' figures as steps of their share."""
    figure, (axes,) = new_figure()
    for build, (name, values), color in zip(("old", "new"), samples, (SOFT, INK), strict=True):
        _steps(axes, values, color, name if name.isascii() else build)
    axes.set_xlabel(unit)
    axes.set_ylabel("share of figures")
    axes.legend(frameon=False)
    return as_element(figure)


def _steps(axes: Axes, values: Sequence[float], color: str, name: str) -> None:
    ordered = np.sort(values)
    axes.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", color=color, label=name)


def _colors(count: int) -> list[str]:
    return [(INK, OTHER, SOFT, LIMIT, "#00695c", "#6a1b9a")[index % 6] for index in range(count)]


def _written(name: str, number: int) -> str:
    """Return what the plots' typeface can write: the name, or where that is Japanese its number in the page's list."""
    return name if name.isascii() else f"no. {number}"
