"""Where the time goes: one bar for each bit rate, and the steps of the one at 424 kbit/s."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from bench.card_part import CardPart

SHARES: Final = (
    ("air_s", "in the air", "#2b6cb0"),
    ("chip_s", "in the chip (assumed)", "#d69e2e"),
    ("late_s", "timers of the emulation", "#a0aec0"),
    ("host_s", "host: this program, pcscd, vpcd", "#c53030"),
)
DETAILED_KBPS: Final = 424
_ENGLISH: Final = {"照合番号B": "reference number B"}
"""The plot's font has no Japanese."""

Bar = tuple[str, dict[str, float]]


def draw(parts: Sequence[CardPart], path: Path) -> None:
    """Write the picture as SVG; the same figures give the same file."""
    mpl.use("svg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "uketsuke", "font.family": "sans-serif", "font.size": 10}
    figure, (rates, steps) = plt.subplots(2, 1, figsize=(8, 6.4), height_ratios=(1, 1.8), layout="constrained")
    _bars(rates, [(f"{part.kbps} kbit/s", {name: _total(part, name) for name, _, _ in SHARES}) for part in parts])
    rates.set_title("The whole card part of a visit, portrait of 15 kB", loc="left")
    rates.legend(loc="lower right", frameon=False)
    detailed = next(part for part in parts if part.kbps == DETAILED_KBPS)
    _bars(
        steps,
        [
            (
                f"{_ENGLISH.get(step.name, step.name)} ({step.commands})",
                {name: getattr(step, name) for name, _, _ in SHARES},
            )
            for step in detailed.steps
        ],
    )
    steps.set_title(f"Its steps at {DETAILED_KBPS} kbit/s (commands)", loc="left")
    steps.set_xlabel("seconds")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(axes: Axes, bars: Sequence[Bar]) -> None:
    labels = [label for label, _ in bars]
    left = [0.0] * len(bars)
    for name, label, colour in SHARES:
        widths = [max(0.0, values[name]) for _, values in bars]
        axes.barh(labels, widths, left=left, label=label, color=colour)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _total(part: CardPart, name: str) -> float:
    return float(sum(getattr(step, name) for step in part.steps))
