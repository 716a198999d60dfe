"""Starts the PC/SC service with vpcd's virtual reader, for tests and demonstrations on a machine without systemd.

Only one pcscd can run on a machine (its socket has a fixed place). So who uses this module waits for the others, uses a
service that runs already, and stops only the one that it has started.
"""

from __future__ import annotations

import fcntl
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.sim.vpcd import VPCD_ADDRESS

VIRTUAL_READER: Final = "Virtual PCD 00 00"
"""What PC/SC calls the slot of VPCD_ADDRESS."""

_RUN: Final = Path("/run/pcscd")
_SOCKET: Final = _RUN / "pcscd.comm"
_PID: Final = _RUN / "pcscd.pid"
VPCD_DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_LOCK: Final = Path(tempfile.gettempdir()) / "uketsuke-pcscd.lock"

OTHERS_S: Final = 300.0
"""How long another suite may keep the service for itself."""
START_S: Final = 20.0
STOP_S: Final = 10.0
_LOOK_S: Final = 0.05


@contextmanager
def run_pcscd(*, patience_s: float = OTHERS_S) -> Iterator[subprocess.Popen[bytes] | None]:
    """Have a PC/SC service with the virtual reader; give its process, or None when it ran already.

    Wait up to `patience_s` for others who use this module. Raise Fault (with what to install or do) when there can be
    none.
    """
    program = find_pcscd()
    with _the_only_one(patience_s):
        if _accepts_clients():
            _wait_until(
                _vpcd_listens, START_S, "the PC/SC service that runs has not loaded vpcd; stop it, or restart it"
            )
            yield None
            return
        with tempfile.TemporaryFile() as log, _started(program, log) as service:
            yield service


def find_pcscd(search_path: str = SYSTEM_PATH, driver: Path = VPCD_DRIVER) -> str:
    """Return where pcscd is. Raise Fault that says what to install."""
    program = shutil.which("pcscd", path=search_path)
    if program is None:
        raise _fault("pcscd is not installed: apt-get install pcscd")
    if not driver.exists():
        raise _fault(f"the virtual reader is not installed ({driver}): apt-get install vsmartcard-vpcd")
    return program


@contextmanager
def _the_only_one(patience_s: float) -> Iterator[None]:
    try:
        lock_file = _LOCK.open("a")
    except OSError as error:
        raise _fault(f"the lock of the PC/SC service cannot be opened: {error}") from error
    with lock_file as lock:

        def taken() -> bool:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            return False

        _wait_until(taken, patience_s, f"another program holds the virtual reader ({_LOCK})")
        yield


@contextmanager
def _started(program: str, log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    _clear_remains()
    command = [program, "--foreground", *_without_polkit(program)]
    service = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603  the program that was looked up in system folders
    try:

        def ready() -> bool:
            if service.poll() is not None:
                log.seek(0)
                said = log.read().decode(errors="replace").strip()
                raise _fault(f"pcscd ended at once with {service.returncode}: {said[-400:]}")
            return _accepts_clients() and _vpcd_listens()

        _wait_until(ready, START_S, "pcscd does not accept clients")
        yield service
    finally:
        service.terminate()
        try:
            service.wait(STOP_S)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def _without_polkit(program: str) -> tuple[str, ...]:
    """Return the option that lets root's own service do without polkit, where the program knows it.

    Since 2.0 (Debian 13) pcscd asks polkit over D-Bus about every client, root included, and refuses them all where
    there is no D-Bus, as in a container. Older ones know neither polkit nor the option, and end when they meet it.
    """
    option = "--disable-polkit"
    helped = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)  # noqa: S603  as below
    return (option,) if option in helped.stdout + helped.stderr else ()


def _clear_remains() -> None:
    """Make the service's folder, and take away what a killed service has left: a new one would refuse to start."""
    try:
        _RUN.mkdir(exist_ok=True)
        _SOCKET.unlink(missing_ok=True)
        _PID.unlink(missing_ok=True)
    except PermissionError as error:
        raise _fault(f"starting pcscd takes root: {error}") from error


def _accepts_clients() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(_SOCKET)) == 0


def _vpcd_listens() -> bool:
    """Tell by the kernel's table; to connect would be to insert a card."""
    local, listening = f":{VPCD_ADDRESS[1]:04X}", "0A"
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1].endswith(local) and fields[3] == listening:
                return True
    return False


def _wait_until(ready: Callable[[], bool], limit_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > deadline:
            raise _fault(f"{otherwise} (waited {limit_s:.0f} s)")
        time.sleep(_LOOK_S)


def _fault(message: str) -> Fault:
    return Fault(message, part="pcscd", reason=Reason.READER_FAULT)
