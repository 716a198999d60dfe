"""A memory card wears out by being written to and waited for: what the outbox asks of it, seen by strace."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

RESULT_BYTES = 8_000
VISITS_A_DAY = 500
"""A busy clinic; the bound of 20 MB a day is for all of them."""
FEW, MANY = 5, 205
VISITS = f"""
import sys
from pathlib import Path
from device.drivers.sqlite_outbox import SqliteOutbox
with SqliteOutbox(Path(sys.argv[1])) as outbox:
    for number in range(int(sys.argv[2])):
        outbox.add(str(number), lambda _: bytes({RESULT_BYTES}))
        outbox.settle(str(number), lambda _: None)
"""

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace on this machine")


@dataclass(frozen=True, slots=True)
class Wear:
    waits: int
    written: int


def wear(folder: Path, visits: int) -> Wear:
    calls = folder / f"{visits}.calls"
    tracer = ["strace", "-f", "-e", "trace=fsync,fdatasync,sync_file_range,pwrite64,write", "-o", str(calls)]
    work = [sys.executable, "-c", VISITS, str(folder / f"{visits}.sqlite"), str(visits)]
    subprocess.run([*tracer, *work], check=True)
    lines = calls.read_text(encoding="utf-8", errors="replace").splitlines()
    return Wear(
        waits=sum(bool(re.search(r"\b(fsync|fdatasync|sync_file_range)\(", line)) for line in lines),
        written=sum(int(said[1]) for line in lines if (said := re.search(r"\bp?write(?:64)?\(.* = (\d+)$", line))),
    )


@pytest.fixture(params=["sqlite"])
def worn(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], Wear]:
    """Tell what so many visits ask of the storage."""
    del request
    return lambda visits: wear(tmp_path, visits)


def test_a_visit_waits_for_the_disk_once_and_a_day_of_them_writes_less_than_20_mb(worn: Callable[[int], Wear]) -> None:
    few, many = worn(FEW), worn(MANY)
    visits = MANY - FEW
    assert many.waits - few.waits == visits
    assert (many.written - few.written) / visits * VISITS_A_DAY < 20e6
