"""A TCP proxy that misbehaves on command. It sees TLS records and cannot look into them."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

from faults.front import Front

_RECORD_HEADER: Final = 5
"""TLS: type, version, length."""


class TcpProxy(Front[socket.socket]):
    """A wire to a port of this machine: cut it, hold it, delay it. Bytes that are held arrive later, as in TCP."""

    def __init__(self, target: int) -> None:
        """Open the near end; `port` is where to connect."""
        self._open = threading.Event()
        self._open.set()
        self.delay_s = 0.0
        """How long each piece takes longer, in each direction."""
        self.breaks_at: Callable[[], bool] = lambda: False
        """Asked for each piece: whether every connection breaks in its place."""
        self._tear_next = threading.Event()
        super().__init__(target)

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
        super().close()

    def _pair(self, near: socket.socket, far: socket.socket) -> tuple[socket.socket, socket.socket]:
        return near, far

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._open.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                if self.breaks_at():
                    self.cut()
                    break
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
