"""A broker's hostile front: it ends the unit's TLS with the broker's own key, and doubles or reorders MQTT packets.

What TCP cannot do: bytes in a stream neither double nor change places. It needs the keys of both ends, as an attacker
would who has taken the broker's machine.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from device.drivers.mutual_tls import TlsFiles

_PUBLISH: Final = 3
_SWAP_WAIT_S: Final = 0.05
"""A packet that waits to change places with the next goes on alone after this."""


class Mischief(Enum):
    """What is done to PUBLISH packets, in both directions."""

    NONE = auto()
    DOUBLE = auto()
    SWAP = auto()
    """Each one changes places with the next."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Whom it plays: the broker to the unit, the unit to the broker."""

    broker_certificate: Path
    broker_key: Path
    unit: TlsFiles


class Meddler:
    """One listener; `mischief` may change while connections are up."""

    def __init__(self, target: int, identities: Identities) -> None:
        """Open the near end; `port` is where to connect."""
        self._target = target
        self.mischief = Mischief.NONE
        self.done = 0
        """How many packets were doubled or moved."""
        self._near = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._near.load_cert_chain(identities.broker_certificate, identities.broker_key)
        self._far = ssl.create_default_context(cafile=identities.unit.authority)
        self._far.load_cert_chain(identities.unit.certificate, identities.unit.key)
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._entrance.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._let_in)

    def close(self) -> None:
        """Break everything and stop."""
        with contextlib.suppress(OSError):
            self._entrance.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()
        self._entrance.close()

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
                near = self._near.wrap_socket(plain, server_side=True)
                far = self._far.wrap_socket(
                    socket.create_connection(("127.0.0.1", self._target)), server_hostname="127.0.0.1"
                )
            except OSError:
                plain.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends += (near, far)
            self._start(self._pass_on, near, far)
            self._start(self._pass_on, far, near)

    def _pass_on(self, source: ssl.SSLSocket, sink: ssl.SSLSocket) -> None:
        held: bytes | None = None
        with contextlib.suppress(OSError):
            for packet in _packets(source):
                if packet is None:
                    if held:
                        sink.sendall(held)
                        held = None
                    source.settimeout(None)
                    continue
                if packet[0] >> 4 != _PUBLISH or self.mischief is Mischief.NONE:
                    sink.sendall(packet)
                    continue
                self.done += 1
                if self.mischief is Mischief.DOUBLE:
                    sink.sendall(packet + packet)
                elif held is None:
                    held = packet
                    source.settimeout(_SWAP_WAIT_S)
                else:
                    sink.sendall(packet + held)
                    held = None
                    source.settimeout(None)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _packets(source: ssl.SSLSocket) -> Iterator[bytes | None]:
    """Give MQTT packets one by one; None when nothing came in time."""
    buffer = b""
    while True:
        while (size := _size(buffer)) is not None and len(buffer) >= size:
            yield buffer[:size]
            buffer = buffer[size:]
        try:
            piece = source.recv(65_536)
        except TimeoutError:
            yield None
            continue
        if not piece:
            return
        buffer += piece


def _size(buffer: bytes) -> int | None:
    """Return the size of the first packet, or None while that is not known."""
    length = 0
    for place, byte in enumerate(buffer[1:5]):
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return 2 + place + length
    return None
