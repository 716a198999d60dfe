"""The unit is killed before every single write to its outbox, and each time everything that it promised is there.

`python -m faults.crashes` prints what was found, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path

from device.drivers.sqlite_outbox import SqliteOutbox
from device.ports.line import Kept
from faults.tracer import writes_before_end

OPERATIONS = 72
_PART = 25
PAYLOAD_BYTES = 6_000
"""As large as a result with its sealed data: some pages of the base per result, so that checkpoints happen too."""

MEMORY = Path("/dev/shm")  # noqa: S108  not a hiding place: files in memory, where fsync costs nothing

OpenOutbox = Callable[[Path], SqliteOutbox]


@dataclass(slots=True)
class Found:
    """What the crash points showed."""

    points: int = 0
    wrong: list[str] = field(default_factory=list)


def payload(message_id: str) -> bytes:
    """Return what is kept under an id; after the crash it must be the same to the last byte."""
    return (message_id.encode() * PAYLOAD_BYTES)[:PAYLOAD_BYTES]


def work(path: Path, tell: int, open_outbox: OpenOutbox = SqliteOutbox) -> None:
    """Keep results and settle them, as in the weeks of a unit, and say on a pipe what is done."""
    outbox = open_outbox(path)
    for number in range(1, OPERATIONS + 1):
        name = f"message-{number:04}"
        kept = outbox.add(name, lambda _, name=name: payload(name))  # type: ignore[misc]  # a default is no argument
        os.write(tell, f"promised {name} {kept.sequence}\n".encode())
        # Some leave at once, some wait for long: the base grows, shrinks and is checkpointed.
        if number % 3 == 0:
            settled = f"message-{number - number % 7:04}"
            os.write(tell, f"settling {settled} 0\n".encode())
            outbox.settle(settled, anything)
        if number == OPERATIONS // 2:
            outbox.close()
            outbox = open_outbox(path)
    outbox.close()


def anything(kept: Kept) -> None:
    """Let any receipt be good: here it is the disk that is tried."""
    del kept


def crash(folder: Path, kill_at: int | None, open_outbox: OpenOutbox = SqliteOutbox) -> tuple[int | None, list[str]]:
    """Run the work in a child that is killed before its write `kill_at`; return the writes and what is wrong after."""
    path = folder / "outbox.db"
    hear, tell = os.pipe()
    try:
        # Room for everything that is said: nobody reads before the end.
        os.set_blocking(hear, False)
        writes = writes_before_end(lambda: work(path, tell, open_outbox), kill_at)
        said = _drain(hear)
    finally:
        os.close(hear)
        os.close(tell)
    return writes, _look(path, said)


def _drain(hear: int) -> list[list[str]]:
    parts = []
    with contextlib.suppress(BlockingIOError):  # all was read that is there
        while part := os.read(hear, 65_536):
            parts.append(part)
    return [line.split() for line in b"".join(parts).decode().splitlines()]


def _look(path: Path, said: list[list[str]]) -> list[str]:
    promised = {name: int(number) for what, name, number in said if what == "promised"}
    settled = {name for what, name, _ in said if what == "settling"}
    wrong = []
    with SqliteOutbox(path) as outbox:
        waiting = outbox.waiting(1_000_000)
        names = {kept.message_id for kept in waiting}
        wrong += [f"{name} is lost" for name in promised if name not in names and name not in settled]
        wrong += [f"{kept.message_id} is damaged" for kept in waiting if kept.payload != payload(kept.message_id)]
        wrong += [
            f"{kept.message_id} has another number"
            for kept in waiting
            if promised.get(kept.message_id, kept.sequence) != kept.sequence
        ]
        # One result may be there whose promise was cut off; more would be invented.
        wrong += ["more than one that nobody promised"] * (len(names - promised.keys()) > 1)
        given = [*promised.values(), *(kept.sequence for kept in waiting)]
        following = outbox.add("one-more", lambda _: b"").sequence
        wrong += [f"number {following} was given before"] * (following <= max(given, default=0))
    return wrong


def crash_at(points: Iterable[int], open_outbox: OpenOutbox = SqliteOutbox) -> Found:
    """Kill before each of these writes; a folder in memory holds the files, which SIGKILL cannot tell."""
    found = Found()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as base:
        for point in points:
            folder = Path(base) / str(point)
            folder.mkdir()
            _, wrong = crash(folder, point, open_outbox)
            found.points += 1
            found.wrong += [f"killed before write {point}: {what}" for what in wrong]
            for file in folder.iterdir():
                file.unlink()
    return found


def crash_everywhere(every: int = 1, workers: int | None = None) -> Found:
    """Kill before every write that there is, or every so-manieth, on all processors."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        writes, wrong = crash(Path(folder), None)
    found = Found(wrong=[f"without a crash: {what}" for what in wrong])
    points = range(1, (writes or 0) + 1, every)
    parts = [points[start : start + _PART] for start in range(0, len(points), _PART)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for part in pool.map(crash_at, parts):
            found.points += part.points
            found.wrong += part.wrong
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(crash_everywhere())) + "\n")
