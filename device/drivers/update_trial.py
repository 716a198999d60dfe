"""Finds out whether a version works: runs it beside the present one, and watches the unit after the switch."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from device.domain.updates import Kind

PROGRAM: Final = Path("bin/uketsuke")
MOST_SAID: Final = 400
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR")

Look = Callable[[Path], str | None]
"""Looks at a version's folder and says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTrial:
    """The `Trial` by commands: exit code 0 within the time is well."""

    looks: Mapping[Kind, Look] = field(default_factory=dict)
    """How the present software looks at models and voices; software is run instead."""
    config: Path | None = None
    """The unit's configuration, which new software must understand."""
    restart: Sequence[str] = ()
    """Makes the unit run what is current, and returns when it is ready. Empty: nothing is restarted."""
    healthy: Sequence[str] = ()
    """Says how the unit is. Empty: not asked."""
    within_s: float = 120.0
    """For each command."""
    soak_s: float = 20.0
    """The time that the unit has to fall over between the two."""

    def complaint(self, kind: Kind, version: str, folder: Path) -> str | None:
        """Run the new software by itself, or look at the new models or voice; return what is wrong."""
        if kind is not Kind.SOFTWARE:
            look = self.looks.get(kind)
            return look(folder) if look else None
        program = str(folder / PROGRAM)
        said, wrong = run([program, "--version"], self.within_s)
        if wrong is None and said != f"uketsuke {version}":
            wrong = f"it calls itself {said[:80]!r}, not uketsuke {version}"
        if wrong is None and self.config is not None:
            _, wrong = run([program, "config", "check", str(self.config)], self.within_s)
        return wrong

    def start(self) -> str | None:
        """Restart the unit, give it time, and ask how it is; return what is wrong."""
        wrong = None
        if self.restart:
            _, wrong = run(self.restart, self.within_s)
        if wrong is None and self.healthy:
            threading.Event().wait(self.soak_s)
            _, wrong = run(self.healthy, self.within_s)
        return wrong


def run(command: Sequence[str], within_s: float) -> tuple[str, str | None]:
    """Return what a command said and what is wrong with it (None: nothing). Too late, it is ended with its children."""
    name = Path(command[0]).name
    environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
    try:
        child = subprocess.Popen(  # noqa: S603  the version that is tried, or a command of the configuration
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return "", f"{name} cannot be run: {error.strerror}"
    with child:
        try:
            said, _ = child.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return "", f"{name} did not end within {within_s:.0f} s"
    words = said[-MOST_SAID:].decode(errors="replace").strip()
    if child.returncode:
        return words, f"{name} ended with {child.returncode}: {words}"
    return words, None
