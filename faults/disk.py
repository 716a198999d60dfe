"""The outbox on a real disk that is full, then read-only, then good again: a small tmpfs in a mount namespace.

`python -m faults.disk` prints what was found, as JSON; it starts itself again inside `unshare`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.sqlite_outbox import SqliteOutbox
from faults.crashes import anything

SIZE: Final = "1m"
BALLAST_BYTES: Final = 200_000
PAYLOAD: Final = bytes(4_000)


def look(disk: Path) -> list[str]:
    """Fill the disk, take its right to write away, give both back; return what is wrong."""
    wrong: list[str] = []
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(BALLAST_BYTES))
    promised: list[str] = []
    with SqliteOutbox(disk / "outbox.db") as outbox:
        words = _fill(outbox, promised)
        if "full" not in words:
            wrong.append(f"a full disk is called {words!r}")
        wrong += _missing(outbox, promised, "on a full disk")
        ballast.unlink()
        outbox.settle(promised.pop(0), anything)
        outbox.add("after-full", lambda _: PAYLOAD)
        promised.append("after-full")
        wrong += _missing(outbox, promised, "after the disk had room again")
    _remount(disk, "ro")
    try:
        SqliteOutbox(disk / "outbox.db")
    except Fault:
        pass
    else:
        wrong.append("an outbox that cannot be written was opened")
    _remount(disk, "rw")
    with SqliteOutbox(disk / "outbox.db") as outbox:
        wrong += _missing(outbox, promised, "after the disk could be written again")
        _remount(disk, "rw")
    return wrong


def _fill(outbox: SqliteOutbox, promised: list[str]) -> str:
    for number in range(10_000):
        name = f"message-{number:05}"
        try:
            outbox.add(name, lambda _: PAYLOAD)
        except Fault as fault:
            return str(fault)
        promised.append(name)
    return "endless"


def _missing(outbox: SqliteOutbox, promised: list[str], when: str) -> list[str]:
    waiting = [kept.message_id for kept in outbox.waiting(100_000)]
    return [] if waiting == promised else [f"{when}: {len(promised)} promised, {len(waiting)} waiting"]


def _remount(disk: Path, way: str) -> None:
    subprocess.run([_program("mount"), "-o", f"remount,{way}", str(disk)], check=True)  # noqa: S603  two words of ours


def _program(name: str) -> str:
    return shutil.which(name) or f"/bin/{name}"


def in_namespace() -> list[str] | None:
    """Return what is wrong, or None where this machine allows no mount namespace."""
    with tempfile.TemporaryDirectory() as folder:
        rights = [] if os.geteuid() == 0 else ["--map-root-user", "--user"]
        inner = f'{_program("mount")} -t tmpfs -o size={SIZE} none "$1" && exec "$0" -m faults.disk "$1"'
        command = [_program("unshare"), "--mount", *rights, "sh", "-c", inner, sys.executable, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  words of ours
    if not done.stdout:
        # Refused by the kernel: that is about this machine. A failure inside would have left a word of ours.
        if "faults" in done.stderr:
            raise Fault(done.stderr.strip().splitlines()[-1], part="outbox", reason=Reason.OUTBOX_FAULT)
        return None
    found: list[str] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look(Path(sys.argv[1])) if len(sys.argv) > 1 else in_namespace()) + "\n")
