"""What whoever started the unit hears, and that the unit goes on whoever that is."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.drivers.sdnotify import find_supervisor
from device.ports.supervisor import Supervisor
from device.sim.clock import SimulatedClock

SOCKETS = {"nobody": "", "systemd": "notify", "systemd that is gone": "gone"}


class Watched:
    """A supervisor, time, and what was heard of it where somebody listens."""

    def __init__(self, supervisor: Supervisor, clock: SimulatedClock, ear: socket.socket | None) -> None:
        self.supervisor = supervisor
        self.clock = clock
        self._ear = ear

    def heard(self) -> list[str]:
        """Return what came in since the last time."""
        said: list[str] = []
        if self._ear is not None:
            with contextlib.suppress(BlockingIOError):
                while True:
                    said.append(self._ear.recv(4096).decode())
        return said

    @property
    def listens(self) -> bool:
        return self._ear is not None


@pytest.fixture(params=list(SOCKETS))
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    name = SOCKETS[request.param]
    environment = {"NOTIFY_SOCKET": str(tmp_path / name), "WATCHDOG_USEC": "20000000"} if name else {}
    clock = SimulatedClock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(0.0)
        yield Watched(find_supervisor(environment, clock), clock, ear if name == "notify" else None)


def test_to_be_alive_may_be_said_as_often_as_one_likes(watched: Watched) -> None:
    heard = []
    for _ in range(2000):
        watched.supervisor.alive()
        watched.clock.advance(0.01)
        heard += watched.heard()
    assert heard == (["READY=1", *["WATCHDOG=1"] * 4] if watched.listens else []), "once ready, and fed every 5 s of 20"


def test_to_stop_may_be_said_before_after_and_twice(watched: Watched) -> None:
    watched.supervisor.stopping()
    watched.supervisor.alive()
    watched.supervisor.stopping()
    watched.supervisor.stopping()
    heard = watched.heard()
    assert heard[:1] == heard[-1:] == (["STOPPING=1"] if watched.listens else [])
