"""What it costs to keep a result, and to bring three days of them to the clinic."""

from __future__ import annotations

import logging
import os
import random
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device.drivers.sqlite_outbox import SqliteOutbox
from faults.crashes import MEMORY
from faults.history import Wrong
from faults.world import Parts, World

PAYLOAD: Final = random.Random(1).randbytes(6_000)  # noqa: S311  filler
OFFLINE_S: Final = 72 * 3600.0


@dataclass(frozen=True, slots=True)
class Insert:
    """One result kept."""

    p50_ms: float
    p95_ms: float
    memory_ms: float
    """The median with the file in memory: what is left is not the disk."""


@dataclass(frozen=True, slots=True)
class Drain:
    """A long queue that goes out."""

    results: int
    lost: int
    doubled: int
    disordered: int
    per_second: float
    before_mb: float
    after_mb: float


def measure_inserts(count: int) -> Insert:
    """Keep so many results on the disk of the temporary folder, and in memory."""
    disk = _inserts(count, None)
    memory = _inserts(count, MEMORY if MEMORY.exists() else None)
    return Insert(statistics.median(disk), sorted(disk)[int(count * 0.95)], statistics.median(memory))


def _inserts(count: int, base: Path | None) -> list[float]:
    took = []
    with tempfile.TemporaryDirectory(dir=base) as folder, SqliteOutbox(Path(folder) / "outbox.db") as outbox:
        for number in range(count):
            began = time.perf_counter()
            outbox.add(f"message-{number:06}", lambda _: PAYLOAD)
            took.append((time.perf_counter() - began) * 1000)
    return took


def measure_drain(results: int) -> Drain:
    """Let visits end through 72 hours without a line, then bring the line back and wait for every receipt."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        world = World(random.Random(1), Path(folder), Parts())  # noqa: S311  the luck of the back-off
        with closing(world):
            world.broker.stop()
            for _ in range(results):
                world.visit_ends()
                world.clock.advance(OFFLINE_S / results)
            world.recorded.clear()
            before_mb = _resident_mb()
            began = time.perf_counter()
            world.settle_down()
            took_s = time.perf_counter() - began
            after_mb = _resident_mb()
        wrongs = world.history.wrongs()
    logging.disable(logging.NOTSET)
    return Drain(
        results=results,
        lost=len(wrongs.get(Wrong.LOST, [])) + len(world.history.waiting),
        doubled=len(wrongs.get(Wrong.DOUBLED, [])),
        disordered=len(wrongs.get(Wrong.ORDER, [])),
        per_second=results / took_s,
        before_mb=before_mb,
        after_mb=after_mb,
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000
