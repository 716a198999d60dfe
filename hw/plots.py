"""A record's series as pictures, with the limits drawn in; each one a piece of SVG for a page."""

from __future__ import annotations

import hashlib
import re
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
_SUPERFLUOUS: Final = re.compile(
    r"""<!--.*?-->|<metadata>.*?</metadata>|\sid="[A-Za-z.0-9]+_\d+"|\stransform="rotate\(-0[^"]*"|\sfont-family:[^;"]*;""",
    re.DOTALL,
)
"""Nobody sees it; and a name that every picture has would stand in a page many times."""
_STYLE: Final = re.compile(r' style="([^"]*)"')
_FRACTION: Final = re.compile(r"(?<![\w.#-])-?\d+\.\d{2,}(?![\w.])")
_TAG: Final = re.compile(r"<[^>]+>")
_SPACES: Final = re.compile(r"\s+")
_BETWEEN: Final = re.compile(r"> <")


def draw(series: Series, measurements: Sequence[Measurement]) -> str:
    """Return one series as an SVG element without anything before it."""
    figure, (axes,) = new_figure()
    limit = next((each for each in measurements if each.name == series.limit_of), None)
    _PENS[series.drawing](axes, series, limit)
    axes.set_title(series.title.en)
    return as_element(figure)


def as_element(figure: Figure) -> str:
    """Return a figure as an SVG element for a page that stands alone: its letters are the page's, and it is small."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plot.svg"
        save(figure, path, text_as="none")
        picture = path.read_text(encoding="utf-8")
    picture = _SUPERFLUOUS.sub("", picture[picture.index("<svg") :])
    # A tenth of a point is less than a pixel of any screen or printer.
    picture = _TAG.sub(lambda tag: _FRACTION.sub(_rounded, tag[0]), picture)
    styles: dict[str, str] = {}

    def named(style: re.Match[str]) -> str:
        # By what it says, so that one name means one thing in all pictures of a page.
        name = f"p{hashlib.sha256(style[1].encode()).hexdigest()[:5]}"
        styles[name] = style[1]
        return f' class="{name}"'

    picture = _STYLE.sub(named, picture)
    rules = "".join(f".{name}{{{style}}}" for name, style in styles.items())
    picture = picture.replace("</style>", f"{rules}</style>", 1)
    return _BETWEEN.sub("><", _SPACES.sub(" ", picture))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


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
        axes.axvline(bound, color=LIMIT, linestyle="--", label=_named(bound, limit))
    _legend(axes, limit)


def _level(axes: Axes, limit: Measurement | None) -> None:
    for bound in _bounds(limit):
        axes.axhline(bound, color=LIMIT, linestyle="--", label=_named(bound, limit))
    _legend(axes, limit)


def _named(bound: float, limit: Measurement | None) -> str:
    unit = "" if limit is None or limit.unit == "1" else f" {limit.unit}"
    return f"limit {bound:g}{unit}"


def _legend(axes: Axes, limit: Measurement | None) -> None:
    if _bounds(limit):
        # On white of its own: where no corner is free, a limit's line would run through the words.
        axes.legend(loc="best", framealpha=1, edgecolor="none")


def _bounds(limit: Measurement | None) -> list[float]:
    return [] if limit is None else [bound for bound in (limit.lower, limit.upper) if bound is not None]


_PENS: Final = {
    Drawing.HISTOGRAM: _histogram,
    Drawing.CUMULATIVE: _cumulative,
    Drawing.CURVE: _curve,
    Drawing.BARS: _bars,
}
