"""The machine that systemd started, from the tests' side: they run in the host's files, it runs in its own."""

from __future__ import annotations

import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vm.person import PATIENCE_S

ROOT = Path("/proc/1/root")
"""What the first process calls /."""
LOOK_S = 0.5


def command(*words: str) -> list[str]:
    """Return the command that runs there."""
    return ["chroot", str(ROOT), *words]


def run(*words: str) -> str:
    """Run a command there and return what it said; a bad exit code fails the test."""
    done = subprocess.run(command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}"
    return done.stdout


def shown(unit: str, name: str) -> str:
    """Return a property of a unit, as systemd knows it."""
    return run("systemctl", "show", "--property", name, "--value", unit).strip()


def journal(unit: str) -> str:
    """Return what a unit said since the machine's start, for a test that fails."""
    return run("journalctl", "--no-pager", "--boot", "--output", "short-monotonic", "--unit", unit)


def wait_until(holds: Callable[[], bool], unit: str) -> None:
    """Wait until it holds, or fail with the journal of `unit`."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, journal(unit)
        select.select([], [], [], LOOK_S)


@contextmanager
def following(unit: str) -> Iterator[IO[bytes]]:
    """Follow a unit's journal from now on."""
    words = ("journalctl", "--follow", "--lines", "0", "--output", "cat", "--unit", unit)
    with subprocess.Popen(command(*words), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            yield child.stdout
        finally:
            child.terminate()
