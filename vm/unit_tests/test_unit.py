"""The whole unit on its real drivers: PC/SC, GPIO, V4L2, MQTT, and the kernel's watchdog, which bites when it hangs."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from clinic.people import SHIPPED, load_people
from clinic.store_file import read_records
from device.app.demo.site import open_site
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.drivers.camera import CameraProcess, CameraSetup
from device.panel.pinout import Pinout
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.pcscd import VIRTUAL_READER, run_pcscd
from device.sim.vpcd import VpcdSlot
from device.wire.phrases import say
from device.wire.reasons import entry
from vm.simulated_header import SimulatedLine

WATCHDOG = Path("/dev/watchdog")
PERIOD_S = 20
"""As in systemd/system/uketsuke.service."""
PATIENCE_S = 600.0
"""Emulation is slow, and the host may be busy; only a test that fails waits so long."""
MATRIX = Path(__file__).parents[1] / "simulated_header.py"
LOOK_S = 0.004
"""Well within the time that the driver is told to let lines settle, and rarely enough to leave the processor to it."""
HOLD_S, PAUSE_S = 2.0, 1.0
"""A slow person's; a key counts as stuck after 10 s."""
SETTLE_US = 20_000
ITEMS = (ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP)


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


class Ear:
    """Hears what the unit says: the voice is printed where there is no loudspeaker."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._said = ""
        self._ended = False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def expect(self, text: str) -> None:
        """Wait until `text` was said since the last expectation."""
        with self._more:
            assert self._more.wait_for(lambda: text in self._said or self._ended, PATIENCE_S), self._said
            assert text in self._said, self._said
            self._said = self._said.partition(text)[2]

    def close(self) -> None:
        """Hear the rest; the unit has ended."""
        self._thread.join(PATIENCE_S)
        self._stream.close()

    def _listen(self) -> None:
        for line in self._stream:
            print(line.decode(), end="", flush=True)
            with self._more:
                self._said += line.decode()
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()


class Keypad:
    """A pad and a finger, which presses as people do: until the buzzer clicks or long enough, then with a pause."""

    def __init__(self, matrix: subprocess.Popen[str]) -> None:
        self._matrix = matrix
        self._buzzer = SimulatedLine(Pinout().buzzer)

    def type_keys(self, keys: str) -> None:
        for key in keys:
            self._closed(key)
            self._wait_for_click()
            self._closed()
            select.select([], [], [], PAUSE_S)

    def _closed(self, *keys: str) -> None:
        assert self._matrix.stdin is not None
        assert self._matrix.stdout is not None
        self._matrix.stdin.write(" ".join(("closed", *keys)) + "\n")
        self._matrix.stdin.flush()
        assert self._matrix.stdout.readline() == "done\n"

    def _wait_for_click(self) -> None:
        # A click is shorter than the emulated processor may be away from here, so it may be missed.
        end_s = time.monotonic() + HOLD_S
        while not self._buzzer.high and time.monotonic() < end_s:
            select.select([], [], [], LOOK_S)


@pytest.fixture
def keypad() -> Iterator[Keypad]:
    with subprocess.Popen(
        [sys.executable, MATRIX, str(LOOK_S)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as matrix:
        yield Keypad(matrix)
        assert matrix.stdin is not None
        matrix.stdin.close()


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
    keypad: Keypad, supervisor: Supervisor, tmp_path: Path
) -> None:
    authority = CardAuthority()
    now = datetime.now(UTC)
    not_after = load_people()[1001].certificate_not_after(now)
    credentials = authority.issue(serial=1001, not_before=now - timedelta(days=100), not_after=not_after)
    card = SimulatedCard(credentials, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))
    with ExitStack() as stack:
        site = stack.enter_context(
            open_site(tmp_path, card_authority=authority.certificate_pem, people=SHIPPED, now=now)
        )
        stack.enter_context(run_pcscd())
        slot = VpcdSlot()
        stack.callback(slot.close)
        config = tmp_path / "unit.toml"
        config.write_text(
            site.unit_config(
                card=f'name = "{VIRTUAL_READER}"', sections=f'[panel]\nkind = "gpio"\nsettle_us = {SETTLE_US}'
            ),
            encoding="utf-8",
        )
        unit = subprocess.Popen(
            [sys.executable, "-m", "device.app.cli", "-v", "run", "--config", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
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
        slot.insert(card)
        ear.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
        keypad.type_keys("1234#")
        ear.expect(say(Phrase.ASK_CONSENT, "ja", items=ITEMS))
        keypad.type_keys("#")
        ear.expect(entry(Reason.QUALIFIED).patient.ja)
        slot.pull()
        fed = supervisor.heard.count("WATCHDOG=1")
        supervisor.wait_for("WATCHDOG=1", fed + 2)
        unit.terminate()
        assert unit.wait(PATIENCE_S) == 0
        assert supervisor.heard[-1] == "STOPPING=1"
        (result,) = [json.loads(record) for record in read_records(site.results)]
        assert (result["reason"], result["assurance"]) == ("qualified", "pin_signature")
