"""What systemd hears: a socket of ours stands where its own would."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.app.mailbox import Mailbox
from device.drivers.sdnotify import NobodyWatches, find_supervisor
from device.reception import Policy
from device.sim.clock import SimulatedClock


class Ear:
    """systemd's end of the line."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(0)

    def heard(self) -> list[str]:
        """Everything since the last time."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@uketsuke-{os.getpid()}-{tmp_path.name}"


@pytest.fixture
def ear(address: str) -> Iterator[Ear]:
    ear = Ear(address)
    yield ear
    ear.close()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


def test_the_first_sign_of_life_says_ready_and_the_watchdog_is_fed_in_time(
    ear: Ear, address: str, clock: SimulatedClock
) -> None:
    supervisor = find_supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000"}, clock)
    supervisor.alive()
    assert ear.heard() == ["READY=1", "WATCHDOG=1"]
    for _ in range(200):
        supervisor.alive()
    assert ear.heard() == []
    for _ in range(4):
        clock.advance(5.0)
        supervisor.alive()
        assert ear.heard() == ["WATCHDOG=1"]
    supervisor.stopping()
    assert ear.heard() == ["STOPPING=1"]


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}],
)
def test_without_a_watchdog_only_ready_is_said(
    ear: Ear, address: str, clock: SimulatedClock, environment: dict[str, str]
) -> None:
    supervisor = find_supervisor({"NOTIFY_SOCKET": address, **environment}, clock)
    for _ in range(3):
        supervisor.alive()
        clock.advance(60.0)
    assert ear.heard() == ["READY=1"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_started_by_hand_nobody_is_told(clock: SimulatedClock, environment: dict[str, str]) -> None:
    supervisor = find_supervisor(environment, clock)
    assert isinstance(supervisor, NobodyWatches)
    supervisor.alive()
    supervisor.stopping()


def test_a_supervisor_that_is_gone_does_not_stop_the_unit(
    tmp_path: Path, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    find_supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}, clock).alive()
    assert "systemd could not be told READY=1: No such file or directory" in caplog.text


def test_the_watchdog_is_fed_by_the_thread_that_thinks_and_starves_when_it_hangs(
    ear: Ear, address: str, clock: SimulatedClock
) -> None:
    supervisor = find_supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000000"}, clock)
    mailbox = Mailbox(clock=clock, policy=Policy)
    heard: list[list[str]] = []

    def hang() -> None:
        clock.advance(19.0)  # a thought that takes this long...
        heard.append(ear.heard())  # ... is not hidden by anybody who feeds meanwhile

    mailbox.post(lambda: None)
    mailbox.post(hang)
    mailbox.stop()
    mailbox.run(supervisor.alive)
    assert heard == [["READY=1", "WATCHDOG=1"]]
    assert ear.heard() == ["WATCHDOG=1"]
