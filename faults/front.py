"""What stands before a broker: lets connections in, opens one to the broker for each, and passes on in both directions.

What it does to what passes is the matter of `faults.proxy` and `faults.meddler`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

End = TypeVar("End", bound=socket.socket)


class Front(ABC, Generic[End]):
    """One listener on this machine; `port` is where to connect. `close` when done."""

    def __init__(self, target: int) -> None:
        """Open the near end; `target` is the broker's port."""
        self._target = target
        self._ends: list[End] = []
        self._threads: list[threading.Thread] = []
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._entrance.getsockname()[1]
        self._start(self._let_in)

    def cut(self) -> None:
        """Break every connection; new ones are let in."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break everything and stop."""
        with contextlib.suppress(OSError):
            self._entrance.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._entrance.close()

    @abstractmethod
    def _pair(self, near: socket.socket, far: socket.socket) -> tuple[End, End]:
        """Return both ends as they are spoken on. Raise OSError where one does not speak so."""

    @abstractmethod
    def _pass_on(self, source: End, sink: End) -> None:
        """Pass on until one end is gone; close `source`, and say so to `sink`."""

    def _start(self, work: Callable[..., None], *what: object) -> None:
        thread = threading.Thread(target=work, args=what, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _let_in(self) -> None:
        while True:
            try:
                plain, _ = self._entrance.accept()
            except OSError:
                return
            try:
                near, far = self._pair(plain, socket.create_connection(("127.0.0.1", self._target)))
            except OSError:
                plain.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends += (near, far)
            self._start(self._pass_on, near, far)
            self._start(self._pass_on, far, near)
