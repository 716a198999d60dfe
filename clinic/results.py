"""The file of results: one line of JSON per visit, on disk before the receipt goes out.

The file is its own index: what it holds is read from it at the start, so there is nothing beside it that a power cut
could leave behind. A line cut off in the middle never had a receipt; it is cut away and the unit sends it again.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

PRIVATE = 0o600
"""The lines name people."""

log = logging.getLogger(__name__)


class ResultFile:
    """An append-only file of JSON lines, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, repair a torn last line, learn the ids in it.

        Raise BadConfig when it cannot be opened, is held by another process or has a line that is not ours.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = not path.exists()
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
        except OSError as error:
            raise BadConfig(f"cannot open the file of results: {error.strerror}", where=str(path)) from error
        try:
            self._hold()
            if new:
                _sync_folder(path.parent)
            self._ids, self._size = self._read()
        except BaseException:
            os.close(self._file)
            raise

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Harmless when repeated."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def append(self, message_id: str, record: msgspec.Struct) -> None:
        """Put one line on disk; it is there for good when this returns.

        Raise Fault (part `results`) when the disk refuses; nothing of the line is then left in the file.
        """
        line = msgspec.json.encode(record) + b"\n"
        try:
            self._put(line)
        except OSError as error:
            self._undo()
            raise self._fault("store a result", error) from error
        self._size += len(line)
        self._ids.add(message_id)

    def _put(self, line: bytes) -> None:
        if os.write(self._file, line) != len(line):
            raise OSError(errno.ENOSPC, "the disk took only a part of the line")
        os.fsync(self._file)

    def _undo(self) -> None:
        try:
            os.ftruncate(self._file, self._size)
        except OSError as error:
            raise self._fault("take a half-written line back", error) from error

    def _fault(self, what: str, error: OSError) -> Fault:
        return Fault(f"cannot {what} in {self._path}: {error.strerror}", part="results", reason=Reason.INTERNAL_FAULT)

    def _hold(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadConfig("another process writes this file of results", where=str(self._path)) from error

    def _read(self) -> tuple[set[str], int]:
        ids: set[str] = set()
        size = 0
        torn: int | None = None
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if torn is not None:
                    # It is not the last line, so no power cut made it: cutting here would throw results away.
                    raise BadConfig("not a line of results; put the file aside", where=f"{self._path}: line {torn}")
                message_id = _message_id(line)
                if message_id is None:
                    torn = number
                    continue
                ids.add(message_id)
                size += len(line)
        if torn is not None:
            log.warning("%s: line %d was cut off in the middle; the unit will send that result again", self._path, torn)
            os.ftruncate(self._file, size)
            os.fsync(self._file)
        return ids, size


def _message_id(line: bytes) -> str | None:
    # A line may end properly and yet have a hole in its middle: pages reach the disk in any order.
    if not line.endswith(b"\n"):
        return None
    try:
        return msgspec.json.decode(line, type=_Numbered).message_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class _Numbered(msgspec.Struct):
    message_id: str


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
