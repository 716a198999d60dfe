"""A broker that turns the unit away is told apart from a line that breaks, because they are tried again differently."""

from __future__ import annotations

import os
import queue
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device.domain.values import UnitId
from device.drivers.mutual_tls import TlsFiles
from device.drivers.paho_line import BrokerAddress, PahoLine
from device.ports.line import Incoming
from device.wire import topics
from faults.proxy import TcpProxy
from provisioning.mosquitto import RunningBroker
from provisioning.pki import SiteAuthority

pytestmark = pytest.mark.broker

UNIT = UnitId("sim-front-desk")
PATIENCE_S = 20.0
"""Only a test that fails waits this long."""

StartBroker = Callable[[int | None], AbstractContextManager[RunningBroker]]


class Ears:
    """Hear the verdict from the line's own thread."""

    def __init__(self) -> None:
        self.verdicts: queue.SimpleQueue[bool] = queue.SimpleQueue()
        """Whether somebody turned us away, once for each end."""
        self.up: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def connected(self, *, session_present: bool) -> None:
        self.up.put(session_present)

    def disconnected(self, why: str, *, refused: bool = False) -> None:
        del why
        self.verdicts.put(refused)

    def unheard(self, topic: str) -> None:
        del topic

    def received(self, message: Incoming) -> None:
        del message

    def was_refused(self) -> bool:
        return self.verdicts.get(timeout=PATIENCE_S)


Connect = Callable[..., tuple[PahoLine, Ears]]


@pytest.fixture
def connect(identity: Callable[[str], TlsFiles]) -> Iterator[Connect]:
    with ExitStack() as lines:

        def start(port: int, files: TlsFiles | None = None) -> tuple[PahoLine, Ears]:
            broker = BrokerAddress("127.0.0.1", port)
            line, ears = lines.enter_context(closing(PahoLine(broker, UNIT, files or identity(UNIT)))), Ears()
            line.connect(ears)
            return line, ears

        yield start


@pytest.fixture
def connected(connect: Connect) -> Connect:
    """Connect, and wait for the broker's welcome."""

    def start(port: int) -> tuple[PahoLine, Ears]:
        line, ears = connect(port)
        ears.up.get(timeout=PATIENCE_S)
        return line, ears

    return start


@pytest.fixture
def stranger(tmp_path: Path) -> SiteAuthority:
    elsewhere = SiteAuthority.create("elsewhere", now=datetime.now(UTC))
    elsewhere.write(tmp_path)
    return elsewhere


def files_of(authority: SiteAuthority, folder: Path, believed: Path, **lifetime: timedelta) -> TlsFiles:
    own = authority.issue_client(UNIT, now=datetime.now(UTC) - timedelta(minutes=1), **lifetime).write(folder, "own")
    return TlsFiles(authority=believed, certificate=own.certificate, key=own.key)


# --- turned away ---


def test_a_unit_of_another_site_is_refused(
    broker: RunningBroker, connect: Connect, stranger: SiteAuthority, site_folder: Path, tmp_path: Path
) -> None:
    _, ears = connect(broker.port, files_of(stranger, tmp_path, site_folder / "authority.cert.pem"))
    assert ears.was_refused()


def test_a_unit_whose_certificate_ran_out_is_refused(
    broker: RunningBroker, connect: Connect, authority: SiteAuthority, site_folder: Path, tmp_path: Path
) -> None:
    late = files_of(authority, tmp_path, site_folder / "authority.cert.pem", lifetime=timedelta(seconds=1))
    _, ears = connect(broker.port, late)
    assert ears.was_refused()


def test_a_broker_that_the_unit_does_not_believe_counts_as_a_refusal(
    broker: RunningBroker, connect: Connect, authority: SiteAuthority, stranger: SiteAuthority, tmp_path: Path
) -> None:
    believed = stranger.write(tmp_path / "believed").certificate
    _, ears = connect(broker.port, files_of(authority, tmp_path, believed))
    assert ears.was_refused()


def test_a_unit_that_may_not_say_what_it_says_is_refused(broker: RunningBroker, connected: Connect) -> None:
    line, ears = connected(broker.port)
    line.publish(topics.up(UnitId("sim-another"), topics.Up.RESULT), b"{}", expiry_s=30)
    assert ears.was_refused()


# --- broken ---


def test_where_nobody_listens_nobody_refuses(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    _, ears = connect(port)
    assert not ears.was_refused()


def test_a_broker_that_is_killed_refuses_nobody(start_broker: StartBroker, connected: Connect) -> None:
    with start_broker(None) as broker:
        _, ears = connected(broker.port)
        os.kill(broker.pid, signal.SIGKILL)
        assert not ears.was_refused()


def test_a_broker_that_is_stopped_refuses_nobody(start_broker: StartBroker, connected: Connect) -> None:
    with start_broker(None) as broker:
        _, ears = connected(broker.port)
    assert not ears.was_refused()


def test_a_line_that_is_cut_is_no_refusal(
    broker: RunningBroker, connected: Connect, wire_to: Callable[[int], TcpProxy]
) -> None:
    wire = wire_to(broker.port)
    _, ears = connected(wire.port)
    wire.cut()
    assert not ears.was_refused()
