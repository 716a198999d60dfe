"""Curves and bars, drawn alike everywhere: same size, same grid, byte for byte the same for the same numbers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from device.domain.errors import BadConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_figure(rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with its axes, row by row. Raise BadConfig where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  loaded only where somebody asks for a picture
    except ImportError as error:
        raise BadConfig("needs matplotlib: pip install 'uketsuke[plots]'", where="plot") from error
    with _style():
        figure = Figure(figsize=(6.4 * columns, 4.0 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def save(figure: Figure, path: Path, *, text_as: Literal["path", "none"] = "path") -> None:
    """Write the figure; the ending of the name says how (.svg, .png, .pdf). Raise BadConfig when that cannot be.

    `text_as`: what letters in an SVG are. Paths look alike where the typeface is missing; none leaves them letters,
    which are small, can be searched and read out, and suit a picture that is part of a page.
    """
    try:
        with _style(text_as):
            figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
    except (OSError, ValueError) as error:
        raise BadConfig(f"the picture cannot be written: {error}", where=str(path)) from error


def _style(text_as: Literal["path", "none"] = "path") -> AbstractContextManager[None]:
    import matplotlib as mpl  # noqa: PLC0415

    return mpl.rc_context(
        {
            "svg.hashsalt": "uketsuke",  # else each run invents new ids
            "svg.fonttype": text_as,
            "axes.grid": True,
            "grid.alpha": 0.3,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "font.size": 10,
        }
    )
