"""A unit as a technician starts it: a process, a terminal, a reader, a broker, the clinic side."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

import cv2
import numpy as np
import pytest

from clinic.people import SHIPPED, load_people
from device.app.assets.place import MODELS_DIR
from device.app.demo.site import Site, open_site
from device.ports.camera import Picture
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.card_front_pictures import TARO, InventedFront, look_again, photograph, print_card, take_view
from device.sim.pcscd import VIRTUAL_READER, run_pcscd
from device.sim.pn532 import SimulatedPn532
from device.sim.portrait import card_portrait, load_photo
from device.sim.vpcd import VpcdSlot

PATIENCE_S = 60.0
FACES, FRONTS = 4, 5
CAMERAS = """
[camera]
source = "folder:faces"
width = 640
height = 480

[liveness]
use = false

[policy]
match_s = 300.0
pin_s = 300.0
consent_s = 300.0
"""


class Terminal:
    """A unit's process with a terminal of its own; `under` is the command that starts it, if not itself."""

    def __init__(self, config: Path, log: Path, *, under: Sequence[str] = ()) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*under, sys.executable, "-m", "device.app.entry", "-v", "run", "--config", str(config)],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
        )
        os.close(theirs)
        self._seen = ""
        self._log = log
        self._under = bool(under)
        self._logged: list[str] = []
        self._more = threading.Condition()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def expect(self, text: str) -> None:
        """Read until `text` was printed since the last expectation."""
        end_s = monotonic() + PATIENCE_S
        while text not in self._seen:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end_s - monotonic()))
            assert ready, f"{text!r} was not printed; this was: {self._seen}"
            self._seen += os.read(self._ours, 4096).decode("utf-8", "replace")
        self._seen = self._seen.partition(text)[2]

    def expect_logged(self, text: str, *, times: int = 1) -> None:
        """Wait until so many lines of the log have said `text`, from the start on."""
        with self._more:
            said = self._more.wait_for(lambda: sum(text in line for line in self._logged) >= times, PATIENCE_S)
        assert said, f"{text!r} was not logged {times} times"

    def type_keys(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def close(self) -> None:
        # What was started under a tracer would go on without it.
        below = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in below.read_text(encoding="ascii").split() if self._under and below.exists() else ():
            os.kill(int(child), signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._listener.join()
        os.close(self._ours)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as words, self._log.open("wb") as log:
            for line in words:
                log.write(line)
                log.flush()
                with self._more:
                    self._logged.append(line.decode("utf-8", "replace"))
                    self._more.notify_all()


@pytest.fixture
def card_authority() -> CardAuthority:
    return CardAuthority()


@pytest.fixture
def site(tmp_path: Path, card_authority: CardAuthority) -> Iterator[Site]:
    now = datetime.now(UTC)
    with open_site(tmp_path, card_authority=card_authority.certificate_pem, people=SHIPPED, now=now) as opened:
        yield opened


class Hand(Protocol):
    """Puts cards on a reader and takes them away."""

    def place(self, card: SimulatedCard) -> None: ...

    def lift(self) -> None: ...


class VirtualHand:
    def __init__(self, slot: VpcdSlot) -> None:
        self.place = slot.insert
        self.lift = slot.pull


@pytest.fixture(params=[pytest.param("pcsc", marks=pytest.mark.pcsc), "pn532"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Hand]]:
    """A reader's section in the configuration, and the hand at it: pcscd with vpcd, or a HAT on a serial line."""
    with ExitStack() as stack:
        if request.param == "pn532":
            hat = stack.enter_context(SimulatedPn532(tmp_path))
            yield f'reader = "pn532"\nbus = "uart:{hat.device}"', hat
        else:
            stack.enter_context(run_pcscd())
            slot = VpcdSlot()
            stack.callback(slot.close)
            yield f'name = "{VIRTUAL_READER}"', VirtualHand(slot)


@pytest.fixture
def write_config(tmp_path: Path, site: Site, reader: tuple[str, Hand]) -> Callable[..., Path]:
    """Write the unit's configuration; `card` are more options for its reader, `sections` more sections."""

    def write(*, card: str = "", sections: str = "") -> Path:
        path = tmp_path / "unit.toml"
        path.write_text(site.unit_config(card="\n".join((reader[0], card)), sections=sections), encoding="utf-8")
        return path

    return write


@pytest.fixture
def start_unit(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `uketsuke run` with a configuration; its log is `unit.log`."""
    with ExitStack() as stack:

        def start(config: Path, *, under: Sequence[str] = ()) -> Terminal:
            unit = Terminal(config, tmp_path / "unit.log", under=under)
            stack.callback(unit.close)
            return unit

        yield start


@dataclass(frozen=True, slots=True)
class Filmed:
    """What the two cameras of a unit see: folders `faces` and `front` beside its configuration, and the card for it."""

    folder: Path
    faces: list[Picture]
    front: InventedFront
    portrait: bytes
    card_options: str = 'front = "folder:front"'
    sections: str = CAMERAS


@pytest.fixture
def filmed(tmp_path: Path) -> Filmed:
    chance = np.random.default_rng(7)
    photo = load_photo(MODELS_DIR, "obama")
    still = photo.cut(640, 480, face_share=0.45).astype(np.int16)
    faces = [np.clip(still + chance.integers(-3, 4, still.shape), 0, 255).astype(np.uint8) for _ in range(FACES)]
    card, view = print_card(TARO, chance), take_view(0.0, chance)
    (tmp_path / "front").mkdir()
    (tmp_path / "faces").mkdir()
    for number in range(FRONTS):
        cv2.imwrite(str(tmp_path / "front" / f"{number}.png"), photograph(card, view, chance))
        view = look_again(view, chance)
    for number, face in enumerate(faces):
        cv2.imwrite(str(tmp_path / "faces" / f"{number}.png"), face)
    return Filmed(tmp_path, faces, TARO, card_portrait(photo))


@pytest.fixture
def make_holder(filmed: Filmed, card_authority: CardAuthority) -> Callable[[str], SimulatedCard]:
    """Make the card of whom the cameras see, with a PIN."""

    def make(pin: str) -> SimulatedCard:
        now = datetime.now(UTC)
        not_after = load_people()[1001].certificate_not_after(now)
        return SimulatedCard(
            card_authority.issue(serial=1001, not_before=now - timedelta(days=100), not_after=not_after),
            front=CardFrontPrint(TARO.birth_date, TARO.expiry, TARO.security_code),
            portrait=filmed.portrait,
            pin=pin,
        )

    return make
