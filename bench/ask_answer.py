"""A question and its answer through a real mosquitto, with and without TCP_NODELAY at either end."""

from __future__ import annotations

import queue
import statistics
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from paho.mqtt.client import Client

from device.domain.values import UnitId
from device.drivers import paho_line
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.ports.line import Incoming
from device.wire import topics
from device.wire.services import GATEWAY
from provisioning.broker import Branch
from provisioning.mosquitto import run_mosquitto
from provisioning.pki import SiteAuthority

UNIT: Final = UnitId("sim-0001")
ASK, ANSWER = bytes(500), bytes(700)
PATIENCE_S: Final = 30.0
_SETTING: Final = "set_tcp_nodelay true"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one way of setting it takes."""

    where: str
    p50_ms: float
    p95_ms: float


class _Ears:
    def __init__(self) -> None:
        self.news: queue.SimpleQueue[str | bytes] = queue.SimpleQueue()

    def connected(self, *, session_present: bool) -> None:
        del session_present
        self.news.put("up")

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        del refused
        self.news.put(why)

    def unheard(self, topic: str) -> None:
        self.news.put(topic)

    def received(self, message: Incoming) -> None:
        self.news.put(message.payload)


class _Answering(_Ears):
    """The gateway's ears: answers on the network thread."""

    line: PahoLine

    def received(self, message: Incoming) -> None:
        del message
        self.line.publish(topics.down(UNIT, topics.Down.ANSWER), ANSWER, expiry_s=30)


def measure(count: int, *, unit_nodelay: bool, broker_nodelay: bool) -> Turn:
    """Return the time from the question to the answer over `count` turns."""
    where = {
        (True, True): "at both ends",
        (True, False): "at the clients only",
        (False, True): "at the broker only",
        (False, False): "nowhere",
    }[unit_nodelay, broker_nodelay]
    took = []
    with tempfile.TemporaryDirectory() as base, ExitStack() as parts:
        ears, line = _site(Path(base), parts, unit_nodelay=unit_nodelay, broker_nodelay=broker_nodelay)
        for turn in range(count + 10):
            began = time.perf_counter()
            line.publish(topics.up(UNIT, topics.Up.ASK), ASK, expiry_s=30)
            while ears.news.get(timeout=PATIENCE_S) != ANSWER:
                pass
            if turn >= 10:  # noqa: PLR2004  the first ones warm up
                took.append((time.perf_counter() - began) * 1000)
    return Turn(where, statistics.median(took), sorted(took)[int(len(took) * 0.95)])


def _site(folder: Path, parts: ExitStack, *, unit_nodelay: bool, broker_nodelay: bool) -> tuple[_Ears, PahoLine]:
    now = datetime.now(UTC)
    authority = SiteAuthority.create("bench", now=now)
    site = authority.write(folder)
    broker = parts.enter_context(
        run_mosquitto(
            folder / "broker",
            branch=Branch.SIMULATION,
            authority=site.certificate,
            identity=authority.issue_server(now=now).write(folder, "broker"),
            change=lambda text: text if broker_nodelay else text.replace(_SETTING, "set_tcp_nodelay false"),
        )
    )

    def line(name: str) -> PahoLine:
        files = authority.issue_client(name, now=now).write(folder, name)
        tls = TlsFiles(authority=site.certificate, certificate=files.certificate, key=files.key)
        return parts.enter_context(closing(PahoLine(BrokerAddress("127.0.0.1", broker.port), UnitId(name), tls)))

    if not unit_nodelay:
        kept = paho_line.without_delay
        setattr(paho_line, "without_delay", _leave_it)  # noqa: B010  to mypy a function is no variable
        parts.callback(setattr, paho_line, "without_delay", kept)
    answering, asking = _Answering(), _Ears()
    answering.line, unit = line(GATEWAY), line(UNIT)
    answering.line.connect(answering)
    unit.connect(asking)
    for ears in (answering, asking):
        while ears.news.get(timeout=PATIENCE_S) != "up":
            pass
    answering.line.subscribe(topics.up(UNIT, topics.Up.ASK))
    unit.subscribe(topics.down(UNIT, topics.Down.ANSWER))
    heard: str | bytes = ""
    while heard != ANSWER:
        # Subscriptions take a moment; a question before that is heard by nobody.
        unit.publish(topics.up(UNIT, topics.Up.ASK), ASK, expiry_s=1)
        heard = asking.news.get(timeout=PATIENCE_S)
    return asking, unit


def _leave_it(_client: Client, _data: object, _connection: object) -> None:
    """Leave the socket as it was made."""
