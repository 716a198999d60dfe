"""`uketsuke run` with a terminal for a panel, so that visits can be told to the product's own program."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bench.resident import family
from device.drivers import memory

PATIENCE_S = 120.0


class Terminal:
    """A unit's process and its terminal."""

    def __init__(self, config: Path, *, under: Sequence[str] = ()) -> None:
        """`under`: the tracer that starts it, if one does."""
        self._ours, theirs = pty.openpty()
        self._under = bool(under)
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [*under, sys.executable, "-m", "device.app.entry", "run", "--config", str(config)],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env=os.environ | memory.SETTINGS,
        )
        os.close(theirs)
        self._seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # What was started under a tracer would go on without it.
        for pid in family(self._process.pid)[1:] if self._under else [self._process.pid]:
            os.kill(pid, 15)
        self._process.wait()
        os.close(self._ours)

    @property
    def pids(self) -> list[int]:
        """The unit's process and its children."""
        return family(self._process.pid)

    def expect(self, *texts: str) -> str:
        """Read until one of these was printed, and return which. Raise TimeoutError."""
        end_s = time.monotonic() + PATIENCE_S
        while not (found := [text for text in texts if text in self._seen]):
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end_s - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{texts[0]!r} was not printed, but {self._seen[-600:]!r}")
            self._seen += os.read(self._ours, 4096).decode("utf-8", "replace")
        first = min(found, key=self._seen.index)
        self._seen = self._seen.partition(first)[2]
        return first

    def type_keys(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())
