"""A TCP proxy that misbehaves on command. It sees TLS records and cannot look into them."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

_RECORD_HEADER: Final = 5
"""TLS: type, version, length."""


class TcpProxy:
    """A wire to a port of this machine: cut it, hold it, delay it. Bytes that are held arrive later, as in TCP."""

    def __init__(self, target: int) -> None:
        """Open the near end; `port` is where to connect."""
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._entrance.getsockname()[1]
        self.delay_s = 0.0
        """How long each piece takes longer, in each direction."""
        self._tear_next = threading.Event()
        self._start(self._let_in)

    def cut(self) -> None:
        """Break every connection; new ones are let in."""
        ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def tear_next_record(self) -> None:
        """Pass on half of the next TLS record, then reset the connection."""
        self._tear_next.set()

    def block(self) -> None:
        """From now on swallow nothing and pass nothing: bytes wait, and nobody is told."""
        self._open.clear()

    def unblock(self) -> None:
        """Pass what waited."""
        self._open.set()

    def close(self) -> None:
        """Break everything and stop."""
        self.unblock()
        with contextlib.suppress(OSError):
            self._entrance.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._entrance.close()

    def _start(self, work: Callable[..., None], *what: object) -> None:
        thread = threading.Thread(target=work, args=what, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _let_in(self) -> None:
        while True:
            try:
                near, _ = self._entrance.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._ends += (near, far)
            self._start(self._pass_on, near, far)
            self._start(self._pass_on, far, near)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(65_536):
                self._open.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                if self._tear_next.is_set() and len(data) > _RECORD_HEADER + 1:
                    self._tear_next.clear()
                    sink.sendall(data[: _RECORD_HEADER + (len(data) - _RECORD_HEADER) // 2])
                    _reset(sink, source)
                    return
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
        source.close()


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            # To linger for no time at all is TCP's way to say "reset".
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RDWR)
        end.close()
