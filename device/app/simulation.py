"""Many simulated visits counted: how they ended, how long they took, and what a cooperative visitor needs."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from device.app.plots import new_figure, save
from device.sim.day.people import CLINICS, COOPERATIVE, VISITORS
from device.sim.day.stage import Outcome, Stage
from device.sim.day.times import SPEECH_S_PER_CHARACTER, TIMES

COOPERATIVE_VISITS = 2000
"""Enough for a median that moves by hundredths of a second from seed to seed."""
SLOW_SERVICE_S = 0.5
"""Added to each of the service's two answers in the second column; assumed, the real service was not measured."""
_PROGRESS_EVERY = 500


def simulate(
    visits: int,
    *,
    seed: int,
    clinic: str,
    service_s: float,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[Outcome], float]:
    """Return what became of `visits` visitors of all kinds, and the CPU seconds that it took."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    stage = Stage(CLINICS[clinic], chance, service_s=service_s)
    shares = [visitor.share for visitor in VISITORS]
    began_s = time.process_time()
    outcomes = []
    for number in range(visits):
        (visitor,) = chance.choices(VISITORS, shares)
        outcomes.append(stage.play(visitor))
        if number % _PROGRESS_EVERY == 0:
            progress(number)
    return outcomes, time.process_time() - began_s


def cooperative(seed: int, visits: int = COOPERATIVE_VISITS) -> list[dict[str, Any]]:
    """Return, clinic by clinic, what a cooperative visitor who knows the unit needs: medians of seconds and keys."""
    rows = []
    for name, clinic in CLINICS.items():
        row: dict[str, Any] = {"clinic": name, "asks": clinic.says}
        for column, service_s in (("", 0.0), ("_slow_service", SLOW_SERVICE_S)):
            chance = random.Random(seed)  # noqa: S311  repeatable on purpose
            stage = Stage(clinic, chance, service_s=service_s)
            played = [stage.play(COOPERATIVE) for _ in range(visits)]
            row[f"median_s{column}"] = round(statistics.median(outcome.seconds for outcome in played), 2)
            row["median_keys"] = statistics.median(outcome.keys for outcome in played)
        rows.append(row)
    return rows


def report(outcomes: Sequence[Outcome], cpu_s: float, *, seed: int, clinic: str, service_s: float) -> dict[str, Any]:
    """Return everything that was found, ready for JSON."""
    kinds = []
    for visitor in VISITORS:
        of_kind = [outcome for outcome in outcomes if outcome.kind == visitor.kind]
        if of_kind:
            seconds = sorted(outcome.seconds for outcome in of_kind)
            kinds.append(
                {
                    "kind": visitor.kind,
                    "visits": len(of_kind),
                    "endings": dict(Counter(str(outcome.reason) for outcome in of_kind).most_common()),
                    "median_s": round(statistics.median(seconds), 2),
                    "p95_s": round(seconds[int(0.95 * (len(seconds) - 1))], 2),
                    "median_keys": statistics.median(outcome.keys for outcome in of_kind),
                }
            )
    return {
        "visits": len(outcomes),
        "seed": seed,
        "clinic": clinic,
        "service_s": service_s,
        "cpu_s": round(cpu_s, 2),
        "visits_per_cpu_s": round(len(outcomes) / cpu_s) if cpu_s else None,
        "steps": sum(outcome.steps for outcome in outcomes),
        "endings": dict(Counter(str(outcome.reason) for outcome in outcomes).most_common()),
        "kinds": kinds,
        "cooperative": cooperative(seed),
    }


def times() -> list[dict[str, Any]]:
    """Return every assumed or measured time with its source."""
    rows = [
        {"what": thing.value, "least_s": it.low, "most_likely_s": it.mode, "most_s": it.high, "source": it.source}
        for thing, it in TIMES.items()
    ]
    character_s = SPEECH_S_PER_CHARACTER
    return [
        *rows,
        {
            "what": "one character of a Japanese sentence, spoken",
            "least_s": character_s,
            "most_likely_s": character_s,
            "most_s": character_s,
            "source": "assumed: 430 characters a minute",
        },
    ]


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw durations and endings. Raise BadConfig where that cannot be."""
    figure, (durations, endings) = new_figure(columns=2)
    longest_s = 60
    durations.hist(
        [min(outcome.seconds, longest_s) for outcome in outcomes], bins=range(longest_s + 2), color="#4477aa"
    )
    durations.set_xlabel(f"seconds until the result is said ({longest_s}: and more)")
    durations.set_ylabel("visits")
    counted = Counter(str(outcome.reason) for outcome in outcomes).most_common()
    names = [name.replace("_", " ") for name, _ in reversed(counted)]
    endings.barh(names, [count for _, count in reversed(counted)], color="#4477aa")
    endings.set_xscale("log")
    endings.set_xlabel("visits that ended so")
    save(figure, path)
