"""What was measured, as rates with exact intervals, in words, as JSON and drawn.

APCER: attack presentations of one species that pass. BPCER: presentations of people who are there that do not. The
terms are those of ISO/IEC 30107-3; the folder measured decides what they are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.app.face_evaluation.counts import Share, share
from device.app.liveness_evaluation.measuring import Judge, Told
from device.app.liveness_evaluation.presentations import LIVE
from device.app.plots import new_figure, save


@dataclass(frozen=True, slots=True)
class Row:
    """One judge on one species."""

    species: str
    judge: Judge
    errors: Share
    """APCER of an attack, BPCER of `live`."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    rows: tuple[Row, ...]
    without_face: tuple[tuple[str, int, int], ...]
    """Species, presentations in which no frame had a face to judge, presentations."""
    told: tuple[Told, ...]

    def lines(self) -> list[str]:
        """Return it in words."""
        lines = [f"{'species':14} {'judge':24} {'errors':>9}  95 % interval"]
        for row in self.rows:
            errors = row.errors
            name = "BPCER" if row.species == LIVE else "APCER"
            lines.append(
                f"{row.species:14} {row.judge:24} {errors.count:4}/{errors.of:<4}  "
                f"{name} {100 * errors.count / errors.of:5.1f} % ({100 * errors.low:.1f} to {100 * errors.high:.1f})"
            )
        lines += [f"{species}: no face to judge in {none} of {of}" for species, none, of in self.without_face if none]
        lines.append("So few presentations say little: look at the intervals, not at the rates.")
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "rows": [
                {
                    "species": row.species,
                    "judge": row.judge,
                    "rate": "BPCER" if row.species == LIVE else "APCER",
                    "errors": row.errors.count,
                    "of": row.errors.of,
                    "low": row.errors.low,
                    "high": row.errors.high,
                }
                for row in self.rows
            ],
            "without_face": [{"species": species, "count": n, "of": of} for species, n, of in self.without_face],
            "presentations": [
                {
                    "species": each.species,
                    "name": each.name,
                    "live": each.live,
                    "passes": {judge: passed for judge, passed in each.passes.items() if passed is not None},
                }
                for each in self.told
            ],
        }

    def draw(self, path: Path) -> None:
        """Draw every species' errors, judge by judge, with their intervals."""
        judges = [judge for judge in Judge if any(row.judge is judge for row in self.rows)]
        species = list(dict.fromkeys(row.species for row in self.rows))
        figure, (axes,) = new_figure()
        height = 0.8 / len(species)
        for place, name in enumerate(species):
            rows = [row for row in self.rows if row.species == name]
            at = [judges.index(row.judge) + (place - (len(species) - 1) / 2) * height for row in rows]
            rates = [row.errors.count / row.errors.of for row in rows]
            low = [rate - row.errors.low for rate, row in zip(rates, rows, strict=True)]
            high = [row.errors.high - rate for rate, row in zip(rates, rows, strict=True)]
            label = f"{name}: {'refused (BPCER)' if name == LIVE else 'pass (APCER)'}"
            axes.errorbar(rates, at, xerr=(low, high), fmt="o", markersize=4, capsize=2, label=label)
        axes.set_yticks(range(len(judges)), [judge.value for judge in judges])
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("errors, with 95 % intervals")
        axes.legend(fontsize=7)
        save(figure, path)


def tally(told: Sequence[Told]) -> Report:
    """Return the rates of what was told."""
    rows = []
    species = sorted({each.species for each in told}, key=lambda name: (name != LIVE, name))
    for name in species:
        for judge in Judge:
            asked = [passed for each in told if each.species == name and (passed := each.passes[judge]) is not None]
            if asked:
                wrong = sum(passed is (name != LIVE) for passed in asked)
                rows.append(Row(name, judge, share(wrong, len(asked))))
    faceless = tuple(
        (name, sum(not each.face for each in told if each.species == name), sum(each.species == name for each in told))
        for name in species
    )
    return Report(tuple(rows), faceless, tuple(told))
