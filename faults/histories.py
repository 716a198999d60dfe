"""Simulated histories by the thousand, on all processors."""

from __future__ import annotations

import logging
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from faults import world
from faults.crashes import MEMORY
from faults.history import Promised
from faults.report import Part

_BATCH = 100


def simulate(histories: int, seed: int, workers: int | None = None) -> Part:
    """Live through the histories that begin with `seed`, and return what came of them."""
    batches = range(seed, seed + histories, _BATCH)
    results, wrong = 0, []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        counts = (min(_BATCH, seed + histories - at) for at in batches)
        for found, problems in pool.map(_batch, batches, counts):
            results += found
            wrong += problems
    return Part(f"{histories:,} histories, {results:,} results", wrong)


def _batch(first: int, count: int) -> tuple[int, list[str]]:
    logging.disable(logging.CRITICAL)
    results, wrong = 0, []
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as base:
        for seed in range(first, first + count):
            folder = Path(base) / str(seed)
            folder.mkdir()
            history = world.in_folder(seed, folder)
            results += len(history.attempted) + sum(isinstance(entry, Promised) for entry in history.entries)
            wrong += [f"history {seed}: {what} {names[:3]}" for what, names in history.wrongs().items()]
            wrong += [f"history {seed}: {len(history.waiting)} still wait at the end"] * bool(history.waiting)
    return results, wrong
