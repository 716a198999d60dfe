"""A unit tells how it is, on a socket of this machine: whoever connects gets one line, and may not say anything."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from device.domain.errors import Fault
from device.domain.reasons import Reason

log = logging.getLogger(__name__)

MODE: Final = 0o660
"""Owner and group: technicians are in the unit's group."""
SEND_S: Final = 2.0
PATIENCE_S: Final = 5.0
MAX_BYTES: Final = 1 << 20


class StatusSocket:
    """Listens at `path`. A context manager; where it cannot listen the unit serves all the same, and this is logged."""

    def __init__(self, path: Path, tell: Callable[[], bytes]) -> None:
        """`tell` is called on a thread of this socket's own."""
        self._path = path
        self._tell = tell
        self._server: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._path.unlink(missing_ok=True)  # of an earlier life
            self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o777 & ~MODE)
            try:
                self._server.bind(str(self._path))
            finally:
                os.umask(before)
            self._server.listen(4)
            self._thread.start()
        except OSError as error:
            log.warning("nobody can ask this unit how it is: %s: %s", self._path, error.strerror or error)
            self._close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
            server.close()

    def _run(self) -> None:
        server = self._server
        while server is not None and self._server is server:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(SEND_S)
                with contextlib.suppress(OSError):
                    caller.sendall(self._tell())


def ask(path: Path) -> bytes:
    """Return what the unit that listens at `path` says. Raise Fault where none does."""
    said = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(PATIENCE_S)
            line.connect(str(path))
            while (part := line.recv(65_536)) and len(said) < MAX_BYTES:
                said += part
    except OSError as error:
        raise Fault(
            f"no unit answers at {path}: {error.strerror or error}; does it run? systemctl status uketsuke",
            part="unit",
            reason=Reason.INTERNAL_FAULT,
        ) from error
    return said
