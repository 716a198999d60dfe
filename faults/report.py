"""The campaign's figures as a table for people, as JSON, and as a plot."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from device.app.plots import new_figure, save
from provisioning.versions import installed_version

AIM_S: Final = 2.0
BEGIN: Final = "<!-- Figures: written by `make faults ARGS=--write`. -->"
END: Final = "<!-- End of the figures. -->"


@dataclass(slots=True)
class Report:
    """All that one run of the campaign showed."""

    simulated_histories: int = 0
    simulated_results: int = 0
    simulated_wrong: list[str] = field(default_factory=list)
    crash_points: int = 0
    crash_wrong: list[str] = field(default_factory=list)
    disk_wrong: list[str] | None = None
    real_histories: int = 0
    real_results: int = 0
    real_wrong: list[str] = field(default_factory=list)
    recovery_s: dict[str, list[float]] = field(default_factory=dict)
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, stale or out of order. Times do not count here: machines differ."""
        return not (self.simulated_wrong or self.crash_wrong or self.real_wrong or self.disk_wrong)

    @property
    def recoveries(self) -> list[float]:
        """All times of recovery, sorted."""
        return sorted(value for values in self.recovery_s.values() for value in values)

    def as_json(self) -> dict[str, object]:
        """Return everything."""
        return asdict(self) | {"p50_s": share(self.recoveries, 0.5), "p95_s": share(self.recoveries, 0.95)}

    def lines(self) -> list[str]:
        """Return the table, as Markdown."""
        disk = "not possible on this machine" if self.disk_wrong is None else _verdict(self.disk_wrong)
        table = [
            ("what", "how", "how much", "lost, doubled, stale or out of order"),
            ("---",) * 4,
            (
                "histories",
                "simulated weather and clock; the real link, outbox and signatures",
                f"{self.simulated_histories:,} histories, {self.simulated_results:,} results",
                _verdict(self.simulated_wrong),
            ),
            (
                "crash points",
                "a process that gets SIGKILL before its n-th write to the outbox",
                f"{self.crash_points:,}",
                _verdict(self.crash_wrong),
            ),
            ("full and read-only disk", "a process on a tmpfs of 1 MB", "1", disk),
            (
                "episodes",
                "mosquitto, `uketsuke-clinic`, a unit's process, the proxies between them",
                f"{len(self.recoveries)} episodes, {self.real_results:,} results",
                _verdict(self.real_wrong),
            ),
        ]
        rows = [
            *(f"| {' | '.join(row)} |" for row in table),
            "",
            "| fault | episodes | recovery p50 | p95 | longest |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name, values in {**self.recovery_s, "**all**": self.recoveries}.items():
            rows.append(
                f"| {name} | {len(values)} | {share(values, 0.5):.2f} s | {share(values, 0.95):.2f} s "
                f"| {max(values, default=0):.2f} s |"
            )
        rows += ["", f"Aim: p95 of all at most {AIM_S:.0f} s. {_machine()}, load {self.load:.1f} at the start."]
        return rows

    def draw(self, path: Path) -> None:
        """Plot the share of episodes that had recovered after so many seconds, a curve per fault."""
        figure, [axes] = new_figure()
        for name, values in self.recovery_s.items():
            ordered = sorted(values)
            shares = [(place + 1) / len(ordered) for place in range(len(ordered))]
            axes.step([0, *ordered], [0, *shares], where="post", label=name)
        axes.axvline(AIM_S, color="black", linestyle=":", linewidth=1)
        axes.axhline(0.95, color="black", linestyle=":", linewidth=1)
        axes.set_xlabel("seconds after the fault is over (dotted: the aim, 95 % within 2 s)")
        axes.set_ylabel("share of episodes recovered")
        axes.legend(fontsize=7, loc="lower right")
        save(figure, path)


def share(values: list[float], part: float) -> float:
    """Return the value below which this part of them lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def write_into(page: Path, lines: list[str]) -> None:
    """Put the table between its two marks."""
    text = page.read_text(encoding="utf-8")
    head, tail = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text(f"{text[:head]}\n\n" + "\n".join(lines) + f"\n\n{text[tail:]}", encoding="utf-8")


def _verdict(wrong: list[str]) -> str:
    return "0" if not wrong else f"**{len(wrong)}**: {wrong[0]}"


def _machine() -> str:
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, mosquitto {installed_version()}"
    )
