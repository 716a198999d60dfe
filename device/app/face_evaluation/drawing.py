"""Detection error trade-off, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from device.app.face_evaluation.report import Report
from device.app.plots import new_figure, save

LEAST = 1e-6


def draw(reports: Sequence[Report], path: Path) -> None:
    """Draw one curve for each embedder and view: strangers who pass, genuine pairs that do not."""
    figure, (axes,) = new_figure()
    for report in reports:
        for view in report.views:
            passing = [far for _, far, _ in view.curve if far >= LEAST]
            missed = [max(frr, 1e-4) for _, far, frr in view.curve if far >= LEAST]
            axes.plot(passing, missed, label=f"{report.embedder}, {view.view}")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(LEAST, 1)
    axes.set_ylim(2e-3, 1)
    axes.set_xlabel("strangers who pass (FAR)")
    axes.set_ylabel("genuine pairs that do not (FRR)")
    axes.legend()
    save(figure, path)
