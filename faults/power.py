"""What a disk may hold after the power was cut: each thing that a real operation asked of it, done or not.

The operation runs in a child that ptrace stops before each system call that changes something (faults.tracer). From one
stop to the next the folder is compared, which tells what the call did; what was asked to be flushed is on the disk for
good. Everything since then may be there or not:

- each change of names in a folder (a rename is one change) by itself, in any combination: harsher than a journalling
  file system, which keeps their order;
- a file's content as it was flushed last, as at any step since, with zeros where it grew, or half new.
"""

from __future__ import annotations

import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from math import prod
from pathlib import Path
from typing import Final, TypeVar

from faults.tracer import CHANGES, writes_before_end

_FLUSHES: Final = {"x86_64": frozenset({74, 75}), "aarch64": frozenset({82, 83})}
_ALL_COMBINATIONS: Final = 6
"""Of so many changes of names; of more: up to each of them, and all but each of them."""


_ALL_PRODUCTS: Final = 64
_T = TypeVar("_T")


@dataclass(eq=False, slots=True)
class _File:
    """One file, whatever its names; a folder has no content, that of a link is where it leads."""

    mode: int
    content: bytes | None = None
    flushed: bytes = b""
    since: list[bytes] = field(default_factory=list)
    """What else it held since it was flushed."""

    def leavings(self) -> list[bytes | None]:
        """Return what a cut may leave of it, the oldest first; None: a folder."""
        if self.content is None:
            return [None]
        now = self.content
        if now == self.flushed or stat.S_ISLNK(self.mode):
            return [now]
        half = len(now) // 2
        shortest = min((self.flushed, *self.since), key=len)
        unwritten = shortest + bytes(max(0, len(now) - len(shortest)))
        return list(dict.fromkeys((self.flushed, *self.since, unwritten, now[:half] + self.flushed[half:], now)))

    def is_now(self, content: bytes) -> None:
        """Note what is to be read from it."""
        if content != self.content:
            self.since.append(self.content or b"")
        self.content = content

    def is_flushed(self) -> None:
        """Take what it holds for good."""
        self.flushed = self.content or b""
        self.since.clear()


Names = dict[Path, _File]
_Change = dict[Path, _File | None]
Leavings = frozenset[tuple[Path, int, bytes | None]]
"""A folder after a cut: path, mode, content (None: a folder)."""


@dataclass(slots=True)
class Disk:
    """What lies on the disk for good, and what was asked for since."""

    root: Path
    names: Names = field(default_factory=dict)
    flushed: Names = field(default_factory=dict)
    waiting: dict[Path, list[_Change]] = field(default_factory=dict)
    """By folder, in their order."""
    _files: dict[int, _File] = field(default_factory=dict)
    _folders: dict[int, Path] = field(default_factory=dict)
    _asked: int | None = None
    """The inode that the call at which the child stands is to flush."""

    def begin(self) -> None:
        """Take everything that is there for flushed."""
        self._see()
        for file in self.names.values():
            file.is_flushed()
        self.flushed = dict(self.names)
        self.waiting.clear()

    def step(self, child: int | None) -> None:
        """Note what the last call did, and what the next one of `child` (None: it ended) is to flush."""
        self._see()
        if self._asked in self._folders:
            for change in self.waiting.pop(self._folders[self._asked], []):
                _apply(change, self.flushed)
        elif self._asked in self._files:
            self._files[self._asked].is_flushed()
        self._asked = None if child is None else _flushed_next(child)

    def leavings(self) -> Iterator[Leavings]:
        """Return each folder that a cut may leave now."""
        for chosen in _combined([_choices(changes) for changes in self.waiting.values()]):
            names = dict(self.flushed)
            for change in (each for changes in chosen for each in changes):
                _apply(change, names)
            # A file whose folder is not there is not there either.
            there = {path: file for path, file in names.items() if path.parent == self.root or path.parent in names}
            kinds = [file.leavings() for file in there.values()]
            for contents in _combined(kinds):
                yield frozenset(
                    (path, file.mode, content) for (path, file), content in zip(there.items(), contents, strict=True)
                )

    def _see(self) -> None:
        seen: Names = {}
        known: dict[int, _File] = {}
        self._folders = {self.root.stat().st_ino: self.root}
        for path in sorted(self.root.rglob("*")):
            told = path.lstat()
            file = self._files.get(told.st_ino) or _File(told.st_mode)
            file.mode = told.st_mode
            if stat.S_ISLNK(told.st_mode):
                file.is_now(str(path.readlink()).encode())
            elif stat.S_ISDIR(told.st_mode):
                self._folders[told.st_ino] = path
            else:
                file.is_now(path.read_bytes())
            known[told.st_ino] = seen[path] = file
        changed = {path for path in {*seen, *self.names} if seen.get(path) is not self.names.get(path)}
        for folder in sorted({path.parent for path in changed}):
            change = {path: seen.get(path) for path in sorted(changed) if path.parent == folder}
            self.waiting.setdefault(folder, []).append(change)
        self.names, self._files = seen, known


def _combined(options: list[list[_T]]) -> Iterator[tuple[_T, ...]]:
    """Return each combination; of many, those in which one differs from all others, which are old or new."""
    if prod(map(len, options)) <= _ALL_PRODUCTS:
        yield from product(*options)
        return
    for rest in ([each[0] for each in options], [each[-1] for each in options]):
        for place, each in enumerate(options):
            for one in each:
                yield (*rest[:place], one, *rest[place + 1 :])


def _apply(change: _Change, names: Names) -> None:
    for path, file in change.items():
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file


def _choices(changes: list[_Change]) -> list[tuple[_Change, ...]]:
    if len(changes) <= _ALL_COMBINATIONS:
        return [chosen for count in range(len(changes) + 1) for chosen in combinations(changes, count)]
    upto = [tuple(changes[:count]) for count in range(len(changes) + 1)]
    return [*upto, *(tuple(changes[:place] + changes[place + 1 :]) for place in range(len(changes)))]


def _flushed_next(child: int) -> int | None:
    call = Path(f"/proc/{child}/syscall").read_text(encoding="ascii").split()
    if int(call[0]) not in _FLUSHES[platform.machine()]:
        return None
    return Path(f"/proc/{child}/fd/{int(call[1], 16)}").stat().st_ino


@dataclass(frozen=True, slots=True)
class Cuts:
    """Every folder that a cut may leave of one operation."""

    calls: int
    during: frozenset[Leavings]
    after: frozenset[Leavings]
    """When it had returned: what it promised must be there."""


def cuts_of(folder: Path, work: Callable[[], None]) -> Cuts:
    """Run `work` in a child; what is in `folder` before counts as flushed.

    Raise OSError where ptrace is not allowed, RuntimeError when the work failed.
    """
    disk = Disk(folder)
    disk.begin()
    during: set[Leavings] = set()

    def look(child: int) -> None:
        disk.step(child)
        during.update(disk.leavings())

    calls = writes_before_end(work, calls=CHANGES, look=look)
    disk.step(None)
    return Cuts(calls or 0, frozenset(during), frozenset(disk.leavings()))


def put_back(folder: Path, leavings: Leavings) -> None:
    """Make the folder what a cut left."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path, mode, content in sorted(leavings, key=lambda each: each[0]):
        if content is None:
            path.mkdir()
        elif stat.S_ISLNK(mode):
            path.symlink_to(content.decode())
            continue
        else:
            path.write_bytes(content)
        path.chmod(stat.S_IMODE(mode))
