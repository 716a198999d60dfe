"""The whole unit on its real drivers: PC/SC, GPIO, V4L2, MQTT, and the kernel's watchdog, which bites when it hangs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup
from device.sim.pcscd import run_pcscd
from vm.person import PATIENCE_S, Ear, Person
from vm.visit import a_visit

WATCHDOG = Path("/dev/watchdog")
PERIOD_S = 20
"""As in systemd/system/uketsuke.service."""


class Supervisor:
    """What systemd does here: hears the unit's datagrams, and feeds the kernel's watchdog with them alone."""

    def __init__(self, folder: Path) -> None:
        self.address = folder / "notify"
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.address))
        self._watchdog: IO[bytes] | None = None
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait_for(self, word: str, times: int = 1) -> None:
        with self._more:
            assert self._more.wait_for(lambda: self.heard.count(word) >= times, PATIENCE_S), self.heard

    def close(self) -> None:
        if self._watchdog is not None:
            self._watchdog.write(b"V")  # this end is meant
            self._watchdog.close()

    def _listen(self) -> None:
        while True:
            word = self._socket.recv(4096).decode()
            if word == "READY=1":
                self._watchdog = WATCHDOG.open("wb", buffering=0)  # from now on it bites
            elif word == "WATCHDOG=1" and self._watchdog is not None:
                self._watchdog.write(b"\0")
            with self._more:
                self.heard.append(word)
                self._more.notify_all()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.close()


def test_the_kernels_camera_films_through_the_v4l2_driver() -> None:
    with CameraProcess(CameraSetup("v4l2:/dev/video0", 640, 360, 10.0).command()) as camera:
        opened = camera.wait_until_open(PATIENCE_S)
        first, second = (camera.next_frame(PATIENCE_S) for _ in range(2))
        assert (opened.width, opened.height) == (640, 360)
        assert first.pixels.any()
        assert second.taken_s > first.taken_s


def test_a_visit_by_pin_pressed_on_the_kernels_lines_with_its_watchdog_fed(
    person: Person, supervisor: Supervisor, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        visit = stack.enter_context(a_visit(tmp_path))
        stack.enter_context(run_pcscd())
        config = tmp_path / "unit.toml"
        config.write_text(visit.unit_config, encoding="utf-8")
        unit = subprocess.Popen(
            [sys.executable, "-m", "device.app.entry", "-v", "run", "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,  # lgpio's pipe there is the unit's own: the tests have one in theirs
            env=os.environ
            | {
                "NOTIFY_SOCKET": str(supervisor.address),
                "WATCHDOG_USEC": str(PERIOD_S * 1_000_000),
                "PYTHONUNBUFFERED": "1",
            },
        )
        assert unit.stdout is not None
        ear = Ear(unit.stdout)
        stack.callback(ear.close)
        stack.callback(unit.wait)
        stack.callback(unit.kill)
        supervisor.wait_for("READY=1")
        visit.play(ear, person)
        fed = supervisor.heard.count("WATCHDOG=1")
        supervisor.wait_for("WATCHDOG=1", fed + 2)
        unit.terminate()
        assert unit.wait(PATIENCE_S) == 0
        assert supervisor.heard[-1] == "STOPPING=1"
