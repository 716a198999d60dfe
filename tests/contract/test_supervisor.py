"""What whoever started the unit hears, and that the unit goes on whoever that is."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.drivers.sdnotify import find_supervisor
from device.ports.supervisor import Supervisor
from device.sim.clock import SimulatedClock

SOCKETS = {"nobody": "", "systemd": "notify", "systemd that is gone": "gone"}


class Watched:
    """A supervisor, and time."""

    def __init__(self, supervisor: Supervisor, clock: SimulatedClock) -> None:
        self.supervisor = supervisor
        self.clock = clock


@pytest.fixture(params=list(SOCKETS))
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    name = SOCKETS[request.param]
    environment = {"NOTIFY_SOCKET": str(tmp_path / name), "WATCHDOG_USEC": "20000000"} if name else {}
    clock = SimulatedClock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        yield Watched(find_supervisor(environment, clock), clock)


def test_to_be_alive_may_be_said_as_often_as_one_likes(watched: Watched) -> None:
    for _ in range(2000):
        watched.supervisor.alive()
        watched.clock.advance(0.01)


def test_to_stop_may_be_said_before_after_and_twice(watched: Watched) -> None:
    watched.supervisor.stopping()
    watched.supervisor.alive()
    watched.supervisor.stopping()
    watched.supervisor.stopping()
