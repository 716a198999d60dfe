"""The whole unit on its real drivers: PC/SC, GPIO, V4L2, MQTT, and the kernel's watchdog, which bites when it hangs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
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
from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.pcscd import VIRTUAL_READER, run_pcscd
from device.sim.vpcd import VpcdSlot
from device.wire.phrases import say
from device.wire.reasons import entry
from vm.person import PANEL, PATIENCE_S, Ear, Person

WATCHDOG = Path("/dev/watchdog")
PERIOD_S = 20
"""As in systemd/system/uketsuke.service."""
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
        config.write_text(site.unit_config(card=f'name = "{VIRTUAL_READER}"', sections=PANEL), encoding="utf-8")
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
        slot.insert(card)
        ear.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
        person.type_keys("1234#")
        ear.expect(say(Phrase.ASK_CONSENT, "ja", items=ITEMS))
        person.type_keys("#")
        ear.expect(entry(Reason.QUALIFIED).patient.ja)
        slot.pull()
        fed = supervisor.heard.count("WATCHDOG=1")
        supervisor.wait_for("WATCHDOG=1", fed + 2)
        unit.terminate()
        assert unit.wait(PATIENCE_S) == 0
        assert supervisor.heard[-1] == "STOPPING=1"
        (result,) = [json.loads(record) for record in read_records(site.results)]
        assert (result["reason"], result["assurance"]) == ("qualified", "pin_signature")
