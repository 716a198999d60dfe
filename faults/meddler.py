"""A broker's hostile front: it ends the unit's TLS with the broker's own key, and doubles or reorders MQTT packets.

What TCP cannot do: bytes in a stream neither double nor change places. It needs the keys of both ends, as an attacker
would who has taken the broker's machine.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Final

from device.drivers.mutual_tls import TlsFiles
from faults.front import Front

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


class Meddler(Front[ssl.SSLSocket]):
    """One listener; `mischief` may change while connections are up."""

    def __init__(self, target: int, identities: Identities) -> None:
        """Open the near end; `port` is where to connect."""
        self.mischief = Mischief.NONE
        self.done = 0
        """How many packets were doubled or moved."""
        self._near = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._near.load_cert_chain(identities.broker_certificate, identities.broker_key)
        self._far = ssl.create_default_context(cafile=identities.unit.authority)
        self._far.load_cert_chain(identities.unit.certificate, identities.unit.key)
        super().__init__(target)

    def _pair(self, near: socket.socket, far: socket.socket) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
        return (
            self._near.wrap_socket(near, server_side=True),
            self._far.wrap_socket(far, server_hostname="127.0.0.1"),
        )

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
        source.close()


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
