"""A record's series as pictures, with the limits drawn in; each one a piece of SVG for a page."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from device.app.plots import new_figure, save
from hw.record import Drawing, Measurement, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1d4f91"
LIMIT: Final = "#b3261e"
BINS: Final = 24


def draw(series: Series, measurements: Sequence[Measurement]) -> str:
    """Return one series as an SVG element without anything before it."""
    figure, (axes,) = new_figure()
    limit = next((each for each in measurements if each.name == series.limit_of), None)
    _PENS[series.drawing](axes, series, limit)
    axes.set_title(series.title.en)
    return as_element(figure)


def as_element(figure: Figure) -> str:
    """Return a figure as an SVG element, for a page that stands alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plot.svg"
        save(figure, path)
        picture = path.read_text(encoding="utf-8")
    return picture[picture.index("<svg") :]


def _histogram(axes: Axes, series: Series, limit: Measurement | None) -> None:
    axes.hist(series.x, bins=BINS, color=INK)
    axes.set_xlabel(series.x_name)
    axes.set_ylabel("count")
    _upright(axes, limit)


def _cumulative(axes: Axes, series: Series, limit: Measurement | None) -> None:
    ordered = np.sort(series.x)
    axes.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", color=INK)
    axes.set_xlabel(series.x_name)
    axes.set_ylabel("share of samples")
    _upright(axes, limit)


def _curve(axes: Axes, series: Series, limit: Measurement | None) -> None:
    axes.plot(series.x, series.y, color=INK, marker="." if len(series.x) < 2 * BINS else None)
    axes.set_xlabel(series.x_name)
    axes.set_ylabel(series.y_name)
    if limit is not None and limit.unit == series.x_name:
        _upright(axes, limit)
    else:
        _level(axes, limit)


def _bars(axes: Axes, series: Series, limit: Measurement | None) -> None:
    axes.bar(series.labels, series.y, color=INK)
    axes.set_ylabel(series.y_name)
    _level(axes, limit)


def _upright(axes: Axes, limit: Measurement | None) -> None:
    for bound in _bounds(limit):
        axes.axvline(bound, color=LIMIT, linestyle="--", label=f"limit {bound:g}")
    _legend(axes, limit)


def _level(axes: Axes, limit: Measurement | None) -> None:
    for bound in _bounds(limit):
        axes.axhline(bound, color=LIMIT, linestyle="--", label=f"limit {bound:g}")
    _legend(axes, limit)


def _legend(axes: Axes, limit: Measurement | None) -> None:
    if _bounds(limit):
        axes.legend(loc="best", frameon=False)


def _bounds(limit: Measurement | None) -> list[float]:
    return [] if limit is None else [bound for bound in (limit.lower, limit.upper) if bound is not None]


_PENS: Final = {
    Drawing.HISTOGRAM: _histogram,
    Drawing.CUMULATIVE: _cumulative,
    Drawing.CURVE: _curve,
    Drawing.BARS: _bars,
}
