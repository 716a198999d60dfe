"""How far this machine's clock is from a time server's, by one exchange (RFC 5905, section 14)."""

from __future__ import annotations

import socket
import struct
import time
from typing import Final

from hw.errors import CannotMeasure

PORT: Final = 123
WAIT_S: Final = 2.0
TO_1970_S: Final = 2_208_988_800
"""From NTP's first second to Unix's."""
PACKET: Final = struct.Struct("!BBBb11I")
ASK: Final = bytes((0x23, *bytes(47)))
"""Version 4, client."""
SERVER: Final = 4


def offset_s(server: str, port: int = PORT) -> float:
    """Return by how much the local clock is ahead. Raise CannotMeasure where no server answers properly."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(WAIT_S)
            line.connect((server, port))
            sent_s = time.time()
            line.send(ASK)
            answer = line.recv(512)
            came_s = time.time()
    except OSError as error:
        raise CannotMeasure(f"the time server {server} does not answer: {error}") from error
    if len(answer) < PACKET.size or answer[0] & 0x07 != SERVER or not 1 <= answer[1] <= 15:  # noqa: PLR2004  strata
        raise CannotMeasure(f"the time server {server} does not know the time")
    fields = PACKET.unpack_from(answer)
    received_s, transmitted_s = (_seconds(fields[at], fields[at + 1]) for at in (11, 13))
    return ((sent_s - received_s) + (came_s - transmitted_s)) / 2


def _seconds(whole: int, fraction: int) -> float:
    return whole - TO_1970_S + fraction / 2**32
