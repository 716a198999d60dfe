"""`python -m faults.parts`: break a whole unit's real parts, one after the other, and see each come back by itself.

The unit is the product's program with a PN532 on a pseudo-terminal or pcscd with its virtual reader, cameras that film
a folder in processes of their own, aplay, a mosquitto, and a state folder on a disk of its own (a small tmpfs). Held
against the table of `device.app.care`: within which time each is back once the cause is gone, and that the journal has
one line when it breaks and one when it is back. Root, because the disk and pcscd take it.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from clinic.people import SHIPPED
from device.app.assets.place import VOICE_DIR
from device.app.care import care_for
from device.app.demo.site import Site, open_site
from device.domain.errors import UketsukeError
from device.drivers import memory
from device.sim.card import CardAuthority, OtherCard
from device.sim.pcscd import VIRTUAL_READER, run_pcscd
from device.sim.pn532 import SimulatedPn532
from faults.report import write_into
from faults.wall_clock import WallClock, library
from provisioning.broker import Branch
from provisioning.mosquitto import run_mosquitto
from provisioning.pki import IdentityFiles

PAGE, BEGIN = Path("docs/operation.md"), "<!-- Figures: written by `python -m faults.parts --write`. -->"
PATIENCE_S = 90.0
"""Longer than any bound of the table here."""
SETTLE_S = 12.0
"""After the start: cameras film, the line is up, the loudspeaker was tried."""
DISK_MB = 64
CLOCK_S = 3600
CLOCK, PCSCD, READ_ONLY = "clock", "pcscd", "read-only"
PCSCD_PID = Path("/run/pcscd/pcscd.pid")

SECTIONS = """\
[camera]
source = "folder:faces"
[voice]
device = "null"
files = "{voice}"
[upkeep]
morning = ""
"""


@dataclass(slots=True)
class Came:
    """What came of one fault."""

    part: str
    how: str
    noticed_s: float = 0.0
    back_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def bound_s(self) -> float | None:
        """Within which the part has to be back."""
        return care_for(self.part).back_s

    @property
    def is_late(self) -> bool:
        """It took longer; on a busy machine this says nothing."""
        return self.bound_s is not None and self.back_s > self.bound_s

    def line(self) -> str:
        """Return it as a row of a table."""
        bound = "—" if self.bound_s is None else f"{self.bound_s:g} s"
        verdict = "; ".join([*self.wrong, *(["**too late**"] if self.is_late else [])]) or "one line each"
        return f"| {self.how} | {self.part} | {self.noticed_s:.1f} s | {self.back_s:.1f} s | {bound} | {verdict} |"


class Running:
    """A unit's process and what it logs, with the time at which each line came."""

    def __init__(self, config: Path, environment: dict[str, str], *, mount: str) -> None:
        """`config` names a state folder; a disk of its own is mounted there, in the unit's own view of the machine."""
        self.state = config.parent / "state"
        self.state.mkdir(exist_ok=True)
        script = f'/bin/mount -t tmpfs -o {mount},size={DISK_MB}m,mode=700 tmpfs "$0" && exec "$@"'
        under = ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, str(self.state)]
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [*under, sys.executable, "-m", "device.app.cli", "-v", "run", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | memory.SETTINGS | environment,
        )
        self.lines: list[tuple[float, str]] = []
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The unit's."""
        return self._process.pid

    def wait_for(self, words: str, since: int) -> float | None:
        """Return when a line that came after the first `since` ones said this; None if none does in time."""

        def found() -> float | None:
            return next((at_s for at_s, line in self.lines[since:] if words in line), None)

        with self._more:
            self._more.wait_for(lambda: found() is not None, PATIENCE_S)
            return found()

    def count(self, words: str, since: int) -> int:
        """Return how many lines said this."""
        with self._more:
            return sum(words in line for _, line in self.lines[since:])

    def child(self, word: str) -> int:
        """Return the child process whose command line has this word."""
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                if word in Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8"):
                    return int(child)
        raise LookupError(word)

    def disk(self) -> Path:
        """Return the state folder as the unit sees it."""
        return Path(f"/proc/{self.pid}/root{self.state}")

    def remount(self, how: str) -> None:
        """Mount its disk anew, read-only (`ro`) or not (`rw`)."""
        command = ["nsenter", "-t", str(self.pid), "-m", "mount", "-o", f"remount,{how}", str(self.state)]
        subprocess.run(command, check=True)  # noqa: S603  fixed words

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            with self._more:
                self.lines.append((time.monotonic(), line.rstrip()))
                self._more.notify_all()


@dataclass(slots=True)
class Room:
    """A unit and everything around it that can break."""

    folder: Path
    site: Site
    unit: Running
    stack: ExitStack
    hat: SimulatedPn532 | None
    clock: WallClock | None
    aplay: Path
    pcscd: ExitStack | None = None

    def pull_cable(self) -> None:
        """Pull the reader's."""
        if self.hat is not None:
            self.hat.unplug()

    def plug_cable(self) -> None:
        """Plug it in again."""
        if self.hat is not None:
            self.hat.plug()

    def hush_aplay(self) -> None:
        """Take the player away, and let the unit want to say something."""
        self.aplay.unlink()
        if self.hat is not None:
            self.hat.place(OtherCard())

    def bring_aplay(self) -> None:
        """Put it back."""
        self.aplay.symlink_to("/usr/bin/aplay")
        if self.hat is not None:
            self.hat.lift()

    def start_broker(self) -> None:
        """Start another one in place of the one that was killed."""
        broker = run_mosquitto(
            self.folder / "broker",
            branch=Branch.SIMULATION,
            authority=self.site.tls.authority,
            identity=IdentityFiles(self.folder / "broker.key.pem", self.folder / "broker.cert.pem"),
            port=self.site.broker.port,
        )
        self.stack.enter_context(broker)

    def kill_pcscd(self) -> None:
        """As the kernel would that runs out of memory."""
        if self.pcscd is not None:
            os.kill(int(PCSCD_PID.read_text(encoding="ascii").strip("\n\0")), signal.SIGKILL)
            self.pcscd.close()

    def start_pcscd(self) -> None:
        """Start another one."""
        if self.pcscd is not None:
            self.pcscd.enter_context(run_pcscd())

    def fill_disk(self) -> None:
        """Leave less than the unit wants."""
        (self.unit.disk() / "filled").write_bytes(bytes((DISK_MB - 8) << 20))


Fault = tuple[str, str, Callable[[Room], object], Callable[[Room], object]]

NOTHING: Callable[[Room], object] = lambda _room: None  # noqa: E731  a row of a table
FAULTS: dict[str, Fault] = {
    "reader": (
        "reader",
        "the reader's cable is pulled",
        Room.pull_cable,
        Room.plug_cable,
    ),
    "camera": (
        "camera",
        "the camera's process is stopped (SIGSTOP)",
        lambda room: os.kill(room.unit.child("faces"), signal.SIGSTOP),
        NOTHING,
    ),
    "front": (
        "card front camera",
        "the front camera's process is killed",
        lambda room: os.kill(room.unit.child("front"), signal.SIGKILL),
        NOTHING,
    ),
    "voice": ("voice", "aplay is not there", Room.hush_aplay, Room.bring_aplay),
    "broker": (
        "line",
        "the broker is killed (SIGKILL)",
        lambda room: os.kill(room.site.broker_pid, signal.SIGKILL),
        Room.start_broker,
    ),
    "full": ("disk", "the disk is full", Room.fill_disk, lambda room: (room.unit.disk() / "filled").unlink()),
    PCSCD: ("reader", "pcscd is killed (SIGKILL)", Room.kill_pcscd, Room.start_pcscd),
}
NAMES = (*FAULTS, READ_ONLY, CLOCK)


def live(names: Iterable[str]) -> list[Came]:
    """Break these, one after the other, and return what came of each. Raise Fault where broker or pcscd do not run."""
    names = list(names)
    told: list[Came] = []
    # Units of their own: a machine has one pcscd, libfaketime disturbs what sleeps in cameras, and a disk that is
    # written to cannot be made read-only from outside.
    for alone in (None, PCSCD, CLOCK, READ_ONLY):
        chosen = [name for name in names if (name if name in {PCSCD, CLOCK, READ_ONLY} else None) == alone]
        if chosen:
            with _room(alone) as room:
                told += [came for name in chosen for came in _come(room, name)]
    return told


def _come(room: Room, name: str) -> list[Came]:
    if name == CLOCK:
        return [_jump(room)]
    if name == READ_ONLY:
        how = "the unit starts on a read-only disk"
        mended_s = time.monotonic()
        room.unit.remount("rw")
        return [_heal(room, Came(part, how), 0, mended_s) for part in ("disk", "outbox")]
    return [_break(room, *FAULTS[name])]


def _break(room: Room, part: str, how: str, harm: Callable[[Room], object], mend: Callable[[Room], object]) -> Came:
    came, since, began_s = Came(part, how), len(room.unit.lines), time.monotonic()
    harm(room)
    noticed_s = room.unit.wait_for(_failed(part), since)
    mended_s = time.monotonic()
    mend(room)
    if noticed_s is None:
        came.wrong.append("was not noticed")
        return came
    came.noticed_s = noticed_s - began_s
    return _heal(room, came, since, mended_s)


def _heal(room: Room, came: Came, since: int, mended_s: float) -> Came:
    """See the part come back after its cause was gone."""
    unit, again = room.unit, f"device.app.health: {came.part} works again"
    back_s = unit.wait_for(again, since)
    if back_s is None:
        came.wrong.append("did not come back")
        return came
    came.back_s = back_s - mended_s
    for words in (_failed(came.part), again):
        if (count := unit.count(words, since)) != 1:
            came.wrong.append(f"{count} x {words!r}")
    return came


def _failed(part: str) -> str:
    return f"device.app.health: {part}: "


def _jump(room: Room) -> Came:
    """Set the clock an hour ahead and back: it is logged each time, once, and nothing else happens."""
    came, since = Came("clock", "the clock is set an hour ahead, and back"), len(room.unit.lines)
    if room.clock is None:
        came.wrong.append("not possible: libfaketime is not installed")
        return came
    for offset_s, words in ((CLOCK_S, f"set by +{CLOCK_S}"), (0, f"set by -{CLOCK_S}")):
        began_s = time.monotonic()
        room.clock.set_wrong_by_s(offset_s)
        noticed_s = room.unit.wait_for("the clock was set by", since)
        if noticed_s is None:
            came.wrong.append(f"{words} was not noticed")
            return came
        came.noticed_s = max(came.noticed_s, noticed_s - began_s)
        if (count := room.unit.count("the clock was set by", since)) != 1:
            came.wrong.append(f"{count} lines")
        since = len(room.unit.lines)
    return came


@contextmanager
def _room(alone: str | None) -> Iterator[Room]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uk")))
        authority, now = CardAuthority(), datetime.now(UTC)
        site = stack.enter_context(open_site(folder, card_authority=authority.certificate_pem, people=SHIPPED, now=now))
        pcscd = stack.enter_context(ExitStack())
        if alone == PCSCD:
            pcscd.enter_context(run_pcscd())
        hat = None if alone == PCSCD else stack.enter_context(SimulatedPn532(folder))
        reader = f'name = "{VIRTUAL_READER}"' if hat is None else f'reader = "pn532"\nbus = "uart:{hat.device}"'
        chance = np.random.default_rng(1)
        for name in ("faces", "front"):
            (folder / name).mkdir()
            cv2.imwrite(str(folder / name / "1.png"), chance.integers(0, 256, (120, 160, 3), np.uint8))
        config = folder / "unit.toml"
        card = f'{reader}\nfront = "folder:front"'
        config.write_text(site.unit_config(card=card, sections=SECTIONS.format(voice=VOICE_DIR)), encoding="utf-8")
        player = folder / "bin" / "aplay"
        player.parent.mkdir()
        player.symlink_to("/usr/bin/aplay")
        clock = WallClock(folder / "wall-clock") if alone == CLOCK and library() is not None else None
        # The unit finds no player but this.
        environment = {"PATH": str(player.parent)} | ({} if clock is None else clock.environment())
        unit = Running(config, environment, mount="ro" if alone == READ_ONLY else "rw")
        stack.callback(unit.close)
        if unit.wait_for("the line is up", 0) is None:
            raise RuntimeError("\n".join(line for _, line in unit.lines[-20:]))
        time.sleep(SETTLE_S)
        yield Room(folder, site, unit, stack, hat, clock, player, pcscd if alone == PCSCD else None)


def main() -> int:
    """Break what is named, or everything, and print the table. Exit code 0: all as the table of care says."""
    parser = argparse.ArgumentParser(prog="python -m faults.parts", description="Real parts break and come back.")
    parser.add_argument("part", nargs="*", choices=[*NAMES, []], help="only these")
    parser.add_argument("--write", action="store_true", help=f"put the table of all of them into {PAGE}")
    options = parser.parse_args()
    try:
        told = live(options.part or NAMES)
    except UketsukeError as error:
        sys.stderr.write(f"faults: {error} [{error.reason}]\n")
        return 2
    rows = ["| what happens | part | noticed after | back after | bound | journal |", "|---|---|---|---|---|---|"]
    rows += [came.line() for came in told]
    sys.stdout.write("\n".join(rows) + "\n")
    if options.write and not options.part:
        write_into(PAGE, rows, begin=BEGIN)
    return 1 if any(came.wrong or came.is_late for came in told) else 0


if __name__ == "__main__":
    sys.exit(main())
