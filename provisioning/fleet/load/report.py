"""What was measured: words, JSON, plots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from device.domain.errors import BadConfig
from provisioning.fleet.load.phases import Measured

AIMS: dict[str, tuple[int, str, Callable[[dict[str, float]], bool]]] = {
    "claims": (
        200,
        "200 units claimed in at most 3 s",
        lambda f: f["failed"] == 0 and f["took_s"] * 200 <= f["units"] * 3,
    ),
    "heartbeats": (
        5_000,
        "5,000 heartbeats every 15 s with less than 60 % of a core",
        lambda f: f["dealt_with"] >= f["sent"] and f["service_core_share"] * 5_000 < f["units"] * 0.6,
    ),
    "revoke": (5, "out in at most 1 s", lambda f: f["failed"] == 0 and f["longest_s"] <= 1.0),
    "storm": (
        1_000,
        "1,000 reconnects with jitter, no failed claim",
        lambda f: f["came_back"] == f["units"] and f["claims_failed"] == 0,
    ),
}
"""How many units a phase needs to say something, what it is for, and whether its figures say so."""


def reached(measured: Measured) -> bool | None:
    """Return whether a phase's aim was reached; None where it has none, or where there were too few units."""
    aim = AIMS.get(measured.name)
    return None if aim is None or measured.figures["units"] < aim[0] else aim[2](measured.figures)


def words(measured: Measured) -> str:
    """Return a phase in a few lines."""
    figures = ", ".join(f"{name} {_short(value)}" for name, value in measured.figures.items())
    lines = [f"{measured.name}: {figures}"]
    if (said := reached(measured)) is not None:
        lines.append(f"    {AIMS[measured.name][1]}: {'reached' if said else 'NOT reached'}")
    lines += [f"    failed: {failure}" for failure in measured.failures[:5]]
    return "\n".join(lines)


def draw(phases: list[Measured], path: Path) -> None:
    """Draw how claims, heartbeats and reconnects spread over time. Raise BadConfig without matplotlib."""
    try:
        import matplotlib as mpl  # noqa: PLC0415  only where somebody asks for a picture
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise BadConfig("needs matplotlib: pip install 'uketsuke[plots]'", where="--plot") from error
    shown = [phase for phase in phases if phase.times_s]
    with mpl.rc_context({"axes.grid": True, "grid.alpha": 0.3, "svg.hashsalt": "uketsuke", "font.size": 10}):
        figure = Figure(figsize=(6.4, 2.6 * len(shown)), layout="constrained")
        for axes, phase in zip(figure.subplots(len(shown), 1, squeeze=False).flat, shown, strict=True):
            longest = max(phase.times_s)
            width = 0.1 if longest < 10 else 1.0  # noqa: PLR2004  seconds: finer where it is soon over
            bins = [place * width for place in range(int(longest / width) + 2)]
            axes.hist(phase.times_s, bins=bins)
            axes.set_title(f"{phase.name}: {len(phase.times_s)} in {longest:.1f} s")
            axes.set_xlabel("s")
            axes.set_ylabel(f"per {width:g} s")
        try:
            figure.savefig(path, dpi=120)
        except (OSError, ValueError) as error:
            raise BadConfig(f"the picture cannot be written: {error}", where=str(path)) from error


def _short(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
