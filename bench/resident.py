"""What processes have in memory, as the kernel counts it in /proc."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_WITH_A_PATH = 5


@dataclass(frozen=True, slots=True)
class _Area:
    """One area of a process's memory."""

    file: str
    """"" where it is of no file."""
    file_kb: int
    anonymous_kb: int


def resident_kb(pid: int) -> int:
    """Return what a process has in memory; 0 of one that is gone."""
    return _status_kb(pid, "VmRSS:")


def highest_kb(pid: int) -> int:
    """Return the most that a process had in memory since it began, or since `forget_highest`."""
    return _status_kb(pid, "VmHWM:")


def forget_highest(pid: int) -> None:
    """Let the kernel begin anew to note the most that a process has in memory."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def anonymous_kb(pid: int) -> int:
    """Return what a process has for itself."""
    return sum(area.anonymous_kb for area in _areas(pid))


def together_kb(pids: Iterable[int]) -> int:
    """Return the anonymous memory of all, and of every file as much as the process that has most of it in memory."""
    anonymous, most = 0, Counter[str]()
    for pid in pids:
        files = Counter[str]()
        for area in _areas(pid):
            anonymous += area.anonymous_kb
            files[area.file] += area.file_kb
        most |= files
    return anonymous + most.total()


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [pid, *(int(child) for task in tasks for child in (task / "children").read_text().split())]


def _status_kb(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(name)), 0)


def _areas(pid: int) -> Iterator[_Area]:
    """Yield nothing of one that is gone."""
    try:
        told = Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return
    file, resident = "", 0
    for line in told.splitlines():
        first, *more = line.split(maxsplit=_WITH_A_PATH)
        if not first.endswith(":"):
            file = more[-1] if len(more) == _WITH_A_PATH else ""
        elif first == "Rss:":
            resident = int(more[0])
        elif first == "Anonymous:":
            yield _Area(file, resident - int(more[0]), int(more[0]))
