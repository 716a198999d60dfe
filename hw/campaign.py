"""Does the bench find what is wrong, and leave alone what is right? Many simulated units, one plan."""

from __future__ import annotations

import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from hw.engine import run_plan
from hw.limits import Limits
from hw.plan import Plan
from hw.record import PhaseRecord, Verdict, overall
from hw.rig.simulated import SimulatedRig
from hw.session import Session
from hw.sim import wardrobe
from hw.sim.faults import PlantedFault
from hw.sim.physics import Physics, good_unit
from hw.sim.site import SimulatedSite
from hw.sim.unit import SimulatedUnit

FEW = 3
"""A spread of fewer units says nothing."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the bench said of one simulated unit."""

    phases: tuple[PhaseRecord, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The run's."""
        return overall(list(self.phases))[0]

    @property
    def first_bad(self) -> PhaseRecord | None:
        """The first phase that kept the run from passing."""
        return next((phase for phase in self.phases if not phase.lets_pass), None)

    def catches(self, fault: PlantedFault) -> bool:
        """Tell whether the right phase failed first, and said the right words."""
        bad = self.first_bad
        if bad is None or bad.verdict is not Verdict.FAIL or bad.name != fault.phase:
            return False
        return any(fault.words in why for why in bad.why)


def try_unit(physics: Physics, plan: Plan, limits: Limits, site: SimulatedSite | None = None) -> Tried:
    """Take one simulated unit through a plan, with its line in the site's broker if there is one."""
    began_s = time.monotonic()
    unit = SimulatedUnit(physics, site=site)
    session = Session(unit, SimulatedRig(unit), wardrobe.card_box(), limits, unit.facts())
    return Tried(tuple(run_plan(plan, session)), time.monotonic() - began_s)


def try_good_ones(count: int, plan: Plan, limits: Limits, site: SimulatedSite | None = None) -> Iterable[Tried]:
    """Take so many good units through a plan, each another one."""
    return (try_unit(good_unit(seed), plan, limits, site) for seed in range(count))


@dataclass(frozen=True, slots=True)
class Margin:
    """How far good units stay from a limit, in standard deviations of good units."""

    name: str
    mean: float
    deviation: float
    limit: float
    sigmas: float


def margins(tried: Sequence[Tried]) -> list[Margin]:
    """Return each limit's margin, the narrowest first; quantities that are alike in all units have none to tell."""
    values: dict[str, list[float]] = defaultdict(list)
    bounds: dict[str, tuple[float | None, float | None]] = {}
    for run in tried:
        for phase in run.phases:
            for each in phase.measurements:
                if each.value is not None:
                    values[each.name].append(each.value)
                    bounds[each.name] = each.lower, each.upper
    found = []
    for name, seen in values.items():
        deviation = statistics.stdev(seen) if len(seen) >= FEW else 0.0
        if deviation == 0:
            continue
        mean = statistics.fmean(seen)
        for bound, side in zip(bounds[name], (1, -1), strict=True):
            if bound is not None:
                found.append(Margin(name, mean, deviation, bound, side * (mean - bound) / deviation))
    return sorted(found, key=lambda margin: margin.sigmas)


def upper_bound_percent(runs: int) -> float:
    """Return the rate of false alarms that no alarm in so many runs leaves possible, with 95 % confidence."""
    return 100 * (1 - math.exp(math.log(0.05) / runs))


def table(faults: Sequence[tuple[PlantedFault, Tried]]) -> str:
    """Return the planted faults as a table for a page."""
    lines = ["| Fault | 故障 | Phase | Caught | What the record says |", "|---|---|---|---|---|"]
    for fault, tried in faults:
        bad = tried.first_bad
        why = next((why for why in bad.why if fault.words in why), "; ".join(bad.why)) if bad else "passed"
        caught = "yes" if tried.catches(fault) else "NO"
        lines.append(f"| {fault.title.en} | {fault.title.ja} | `{fault.phase}` | {caught} | {why} |")
    return "\n".join(lines)


def told(good: Sequence[Tried], narrowest: int = 6) -> str:
    """Return what the good units showed, for a page."""
    passed = sum(run.verdict is Verdict.PASS for run in good)
    longest = max(run.seconds for run in good)
    surely = upper_bound_percent(len(good))
    lines = [
        f"{passed} of {len(good)} good units passed. Were there no alarm in {len(good)} runs, the rate of false alarms",
        f"would be below {surely:.1f} % with 95 % confidence. The longest run took {longest:.1f} s,",
        f"and {len(good) - passed} of {len(good)} runs of the plan ended otherwise than they should (flakes).",
        "Where good units come nearest to a limit, in standard deviations of what good units show:",
        "",
        "| Measurement | Mean | Deviation | Limit | Margin | By a normal tail |",
        "|---|---|---|---|---|---|",
    ]
    for margin in islice(margins(good), narrowest):
        tail = 0.5 * math.erfc(margin.sigmas / math.sqrt(2))
        odds = "below 1 in 10⁹" if tail < 1e-9 else f"1 in {1 / tail:,.0f}"  # noqa: PLR2004  said beside it
        figures = f"{margin.mean:.4g} | {margin.deviation:.2g} | {margin.limit:g} | {margin.sigmas:.1f}"
        lines.append(f"| `{margin.name}` | {figures} | {odds} |")
    return "\n".join(lines)
