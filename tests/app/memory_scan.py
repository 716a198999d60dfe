"""Looks for byte patterns in everything that a process, and those that it started, have in their memory.

As a program of its own, so that nothing else stands still meanwhile: the process's id, then names and patterns in hex,
`name=hex`; prints what was found as JSON.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

PAGE = 4096
CHUNK = 1 << 24
ENTRY = 8
IN_MEMORY = 0xC0
"""Of the last byte of a page's entry: present, or swapped out."""


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(FileNotFoundError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
    return found


def scan(pid: int, patterns: Mapping[str, bytes]) -> Counter[str]:
    """Count how often each pattern is in the memory of one process: in every page that it ever touched."""
    longest = max(len(pattern) for pattern in patterns.values())
    found: Counter[str] = Counter()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in _touched(pid):
            tail = b""
            for at in range(start, end, CHUNK):
                try:
                    memory.seek(at)
                    data = tail + memory.read(min(CHUNK, end - at))
                except OSError:  # memory that went away meanwhile
                    break
                for name, pattern in patterns.items():
                    found[name] += data.count(pattern)
                tail = data[-(longest - 1) :]
    return +found


def _touched(pid: int) -> Iterator[tuple[int, int]]:
    with Path(f"/proc/{pid}/pagemap").open("rb", buffering=0) as pages:
        for start, end in _mappings(pid):
            pages.seek(start // PAGE * ENTRY)
            entries = pages.read((end - start) // PAGE * ENTRY)
            begun = None
            for number, state in enumerate(entries[ENTRY - 1 :: ENTRY]):
                if state & IN_MEMORY:
                    begun = start + number * PAGE if begun is None else begun
                elif begun is not None:
                    yield begun, start + number * PAGE
                    begun = None
            if begun is not None:
                yield begun, end


def _mappings(pid: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        span, rights, _, _, inode, *name = line.split(maxsplit=5)
        # A file's pages that cannot be written hold the file and nothing else; the kernel's own are not the program's.
        if not rights.startswith("r") or (inode != "0" and rights[1] != "w") or name in (["[vvar]"], ["[vsyscall]"]):
            continue
        start, _, end = span.partition("-")
        yield int(start, 16), int(end, 16)


def scan_family(pid: int, patterns: Mapping[str, bytes]) -> Iterator[tuple[int, Counter[str]]]:
    """Scan a process and its descendants; one that ended meanwhile has nothing any more."""
    for each in family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            yield each, scan(each, patterns)


if __name__ == "__main__":
    told = dict(each.partition("=")[::2] for each in sys.argv[2:])
    wanted = {name: bytes.fromhex(pattern) for name, pattern in told.items()}
    json.dump(dict(scan_family(int(sys.argv[1]), wanted)), sys.stdout)
