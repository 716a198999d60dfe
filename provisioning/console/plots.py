"""A rollout drawn: how many units of each wave have the version, and how that came over time. On the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provisioning.fleet.store.jobs import Job
from provisioning.fleet.store.states import JobState
from provisioning.rollouts.machine import Tally

WIDTH: Final = 640.0
HEIGHT: Final = 180.0
SHORTEST: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One wave as parts of a whole, in percent."""

    number: int
    tally: Tally
    good: float
    unwell: float
    failed: float


@dataclass(frozen=True, slots=True)
class Curve:
    """How something grew: `points` as SVG writes them, and its last value."""

    name: str
    points: str
    last: int


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over time."""

    width: float
    height: float
    units: int
    """At the top."""
    curves: tuple[Curve, ...]
    waves: tuple[tuple[int, float], ...]
    """Where each wave was asked: its number and place."""
    began: datetime
    ended: datetime


def bars(waves: Sequence[Tally], back: Tally | None) -> list[Bar]:
    """Return a bar for each wave, and one (of number 0) for the orders to go back."""
    found = []
    for number, tally in [*enumerate(waves, start=1), *([] if back is None else [(0, back)])]:
        whole = max(1, tally.units)
        good, unwell, failed = tally.succeeded - tally.unwell, tally.unwell, tally.failed
        shares = [100 * share / whole for share in (good, unwell, failed)]
        found.append(Bar(number, tally, good=shares[0], unwell=shares[1], failed=shares[2]))
    return found


def plot(jobs: Sequence[Job], *, units: int, began: datetime, now: datetime) -> Plot:
    """Return how many units have taken the version, failed and gone back since a rollout began."""
    over = [job for job in jobs if job.state.is_over]
    last = max((job.changed_at for job in jobs), default=began)
    ended = max(last if jobs and len(over) == len(jobs) else now, began + SHORTEST)
    took = [job for job in over if job.order["action"] == "take"]
    back = [job.changed_at for job in over if job.order["action"] == "go_back" and job.state is JobState.SUCCEEDED]
    good = [job.changed_at for job in took if job.state is JobState.SUCCEEDED]
    bad = [job.changed_at for job in took if job.state is not JobState.SUCCEEDED]

    def x(at: datetime) -> float:
        return round(WIDTH * (at - began) / (ended - began), 1)

    def curve(name: str, moments: Sequence[datetime]) -> Curve:
        points, height = [(0.0, HEIGHT)], HEIGHT
        for number, at in enumerate(sorted(moments), start=1):
            points.append((x(at), height))
            height = round(HEIGHT * (1 - number / max(1, units)), 1)
            points.append((x(at), height))
        points.append((WIDTH, height))
        return Curve(name, " ".join(f"{px},{py}" for px, py in points), len(moments))

    asked: dict[int, datetime] = {}
    for job in jobs:
        if job.order["action"] == "take":
            asked[job.wave] = min(job.made_at, asked.get(job.wave, job.made_at))
    waves = tuple((wave, x(at)) for wave, at in sorted(asked.items()))
    curves = (curve("took", good), curve("failed", bad), *([curve("back", back)] if back else []))
    return Plot(WIDTH, HEIGHT, units, curves, waves, began, ended)
