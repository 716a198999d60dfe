"""The campaign's figures as a table for people, as JSON, and as a plot."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from device.app.plots import new_figure, save
from provisioning.versions import installed_version

AIM_S: Final = 2.0
STARTS: Final = "unit killed (SIGKILL)"
"""Here the start of a Python program is in the time."""
HOW: Final = {
    "histories": "simulated weather and clock; the real link, outbox and signatures",
    "crashes": "a process that gets SIGKILL before its n-th write to the outbox",
    "updates": "a process that gets SIGKILL before its n-th change to the folder of updates",
    "state": "each folder that a power cut may leave of each operation on a file that the unit keeps",
    "disk": "a process on a disk that is full, then read-only",
    "site": "mosquitto, `uketsuke-clinic`, a unit's process, the proxies between them",
}
BEGIN: Final = "<!-- Figures: written by `make faults ARGS=--write`. -->"
COLOURS: Final = 10
"""Then they come again, with another line."""
LINES: Final = ("-", "--", ":")
END: Final = "<!-- End of the figures. -->"


@dataclass(slots=True)
class Part:
    """What one part of the campaign showed."""

    told: str
    """How much of it there was."""
    wrong: list[str] = field(default_factory=list)
    recovery_s: dict[str, list[float]] = field(default_factory=dict)
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))
    """Of the machine at the end of the part."""


@dataclass(slots=True)
class Report:
    """What the parts showed when each was run last."""

    parts: dict[str, Part]

    @classmethod
    def load(cls, folder: Path) -> Report:
        """Return what lies in `folder`."""
        found = {path.stem: Part(**json.loads(path.read_bytes())) for path in folder.glob("*.json")}
        return cls({name: found[name] for name in HOW if name in found})

    @property
    def recovery_s(self) -> dict[str, list[float]]:
        """Seconds by fault."""
        return self.parts["site"].recovery_s if "site" in self.parts else {}

    @property
    def recoveries(self) -> list[float]:
        """All times of recovery, sorted."""
        return sorted(value for values in self.recovery_s.values() for value in values)

    def lines(self) -> list[str]:
        """Return the tables, as Markdown."""
        table = [("what", "how", "how much", "lost, doubled, stale or out of order"), ("---",) * 4]
        table += [(name, HOW[name], part.told, _verdict(part.wrong)) for name, part in self.parts.items()]
        rows = [
            *(f"| {' | '.join(row)} |" for row in table),
            "",
            "| fault | episodes | recovery p50 | p95 | longest |",
            "| --- | --- | --- | --- | --- |",
        ]
        line = [value for name, values in self.recovery_s.items() if name != STARTS for value in values]
        totals = {"**all but the unit's own start**": line, "**all**": self.recoveries}
        for name, values in {**self.recovery_s, **totals}.items():
            rows.append(
                f"| {name} | {len(values)} | {share(values, 0.5):.2f} s | {share(values, 0.95):.2f} s "
                f"| {max(values, default=0):.2f} s |"
            )
        loads = ", ".join(f"{part.load:.0f}" for part in self.parts.values())
        rows += ["", f"Aim: p95 of all at most {AIM_S:.0f} s. {_machine()}; load of the machine: {loads}."]
        return rows

    def draw(self, path: Path) -> None:
        """Plot the share of episodes that had recovered after so many seconds, a curve per fault."""
        if not self.recovery_s:
            return  # the site was never run here
        figure, [axes] = new_figure()
        for number, (name, values) in enumerate(self.recovery_s.items()):
            ordered = sorted(values)
            shares = [(place + 1) / len(ordered) for place in range(len(ordered))]
            axes.step([0, *ordered], [0, *shares], where="post", label=name, linestyle=LINES[number // COLOURS])
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


def write_into(page: Path, lines: list[str], *, begin: str = BEGIN) -> None:
    """Put the table between its two marks."""
    text = page.read_text(encoding="utf-8")
    head = text.index(begin) + len(begin)
    tail = text.index(END, head)
    page.write_text(f"{text[:head]}\n\n" + "\n".join(lines) + f"\n\n{text[tail:]}", encoding="utf-8")


def _verdict(wrong: list[str]) -> str:
    return "0" if not wrong else f"**{len(wrong)}**: {wrong[0]}"


def _machine() -> str:
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, mosquitto {installed_version()}"
    )
