"""One CONNECT at a broker's door and what it answers: enough to tell who is let in, and to end a session.

By hand and not by a client library: a library begins again by itself, and this has to see the first answer.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

TIMEOUT_S = 5.0
_CONNACK = 0x20
_DISCONNECT = b"\xe0\x00"
_REFUSED = 0x80
"""MQTT 5: reason codes from here on are refusals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A broker's listener and whom one says to be; all files PEM."""

    host: str
    port: int
    authority: Path
    certificate: Path | None = None
    key: Path | None = None


def knock(door: Door, *, client_id: str) -> None:
    """Connect with a clean start under `client_id`, and disconnect politely.

    Raise Fault (part `broker`) saying what the broker, or the way to it, answered; BadConfig for files that do not fit.
    """
    packet = _connect_packet(client_id)
    try:
        context = ssl.create_default_context(cafile=door.authority)
        if door.certificate:
            context.load_cert_chain(door.certificate, door.key)
    except (OSError, ValueError) as error:
        raise BadConfig(f"cannot be used: {error}", where=f"{door.authority}, {door.certificate}") from error
    try:
        with (
            socket.create_connection((door.host, door.port), timeout=TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=door.host) as line,
        ):
            line.sendall(packet)
            # With TLS 1.3 a refused certificate shows here and not in the handshake.
            answer = line.recv(4)
            if len(answer) == 4 and answer[0] == _CONNACK and answer[3] < _REFUSED:  # noqa: PLR2004  type, length, flags, code
                line.sendall(_DISCONNECT)
                return
            words = f"refused with code 0x{answer[3]:02x}" if len(answer) == 4 else "hung up"  # noqa: PLR2004
    except OSError as error:
        words = str(error.strerror or error)
    raise Fault(f"{door.host}:{door.port}: {words}", part="broker", reason=Reason.BROKER_UNREACHABLE)


def _connect_packet(client_id: str) -> bytes:
    name = client_id.encode()
    # Protocol name and level 5, clean start, keep-alive of 10 s, no properties.
    body = b"\x00\x04MQTT\x05\x02\x00\x0a\x00" + len(name).to_bytes(2, "big") + name
    if len(body) > 127:  # noqa: PLR2004  longer ones would need a second byte of length; no name of ours does
        raise BadConfig("a client id is at most 64 characters", where=client_id[:80])
    return bytes([0x10, len(body)]) + body
