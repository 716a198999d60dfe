"""The host's cost of one command through pcscd and vpcd, without any link: ours against bare loops of pyscard.

All ways are measured in turns, so that whatever else the machine does hits them alike. Each command is timed by itself
and a turn is told by its median: on a busy machine a mean tells of the other programs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from smartcard import scard  # type: ignore[import-untyped]  # pyscard ships no types
from smartcard.System import readers  # type: ignore[import-untyped]  # same

from bench.processes import card_on_reader, open_reader
from device.card.apdu import Command, read_binary
from device.card.channel import Channel
from device.sim.pcscd import VIRTUAL_READER

COMMANDS: Final = {
    "SELECT, 10 bytes there": Command("SELECT", 0x00, 0xA4, 0x04, 0x0C, bytes(10), public=True),
    "READ BINARY, 256 bytes back": read_binary(0, 256),
}
WARM_UP, COUNT = 20, 100
LEAST_TURNS: Final = 5

Send = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """One way of sending one command. Ratios are medians over the turns, between medians of the same turn."""

    way: str
    command: str
    median_us: float
    to_pyscard: float
    """Ratio to pyscard's own connection, as its guide has it."""
    to_bare_c: float
    """Ratio to the C function that pyscard wraps, with the answer thrown away."""


@contextmanager
def _bare_scard(command: Command) -> Iterator[Send]:
    """The C functions that pyscard wraps, and nothing else."""
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    _, card, _ = scard.SCardConnect(context, VIRTUAL_READER, scard.SCARD_SHARE_EXCLUSIVE, protocols)
    encoded = list(command.encode())
    yield lambda: scard.SCardTransmit(card, scard.SCARD_PCI_T1, encoded)
    scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
    scard.SCardReleaseContext(context)


@contextmanager
def _bare_pyscard(command: Command) -> Iterator[Send]:
    """What pyscard's own guide shows: a connection, `transmit(list)`."""
    connection = next(reader for reader in readers() if str(reader) == VIRTUAL_READER).createConnection()
    connection.connect()
    encoded = list(command.encode())
    yield lambda: connection.transmit(encoded)
    connection.disconnect()
    connection.release()


@contextmanager
def _our_connection(command: Command) -> Iterator[Send]:
    """Our driver, from bytes to bytes."""
    reader = open_reader()
    with reader.connect() as connection:
        encoded = bytes(command.encode())
        yield lambda: connection.transmit(encoded)
    reader.close()


@contextmanager
def _our_channel(command: Command) -> Iterator[Send]:
    """Our driver and what stands on it: building the command, its status word, wiping."""
    reader = open_reader()
    with reader.connect() as connection:
        channel = Channel(connection)
        yield lambda: channel.send(command)
    reader.close()


BARE_C: Final = "SCardTransmit alone"
PYSCARD: Final = "pyscard's connection"
OURS: Final = "our connection"
WAYS: Final = {
    BARE_C: _bare_scard,
    PYSCARD: _bare_pyscard,
    OURS: _our_connection,
    "our connection and channel": _our_channel,
}


def measure(turns: int) -> list[Cost]:
    """Measure every way with every command, in turns. Takes the virtual reader."""
    times: dict[tuple[str, str], list[float]] = {(way, name): [] for name in COMMANDS for way in WAYS}
    with card_on_reader("echo"):
        for _ in range(max(turns, LEAST_TURNS)):
            for name, command in COMMANDS.items():
                for way, opened in WAYS.items():
                    with opened(command) as send:
                        times[way, name].append(_median_s(send))
    return [
        Cost(
            way=way,
            command=name,
            median_us=statistics.median(times[way, name]) * 1e6,
            to_pyscard=_ratio(times[way, name], times[PYSCARD, name]),
            to_bare_c=_ratio(times[way, name], times[BARE_C, name]),
        )
        for name in COMMANDS
        for way in WAYS
    ]


def _median_s(send: Send) -> float:
    for _ in range(WARM_UP):
        send()
    times = []
    for _ in range(COUNT):
        began = time.perf_counter()
        send()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _ratio(ours: list[float], others: list[float]) -> float:
    return statistics.median(mine / other for mine, other in zip(ours, others, strict=True))
