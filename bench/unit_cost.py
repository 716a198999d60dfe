"""What a whole unit costs: from start to ready, memory, processor time at rest, and memory over many visits.

The unit is the real program in a process of its own, as systemd starts it, with all networks, two cameras that film a
folder, a simulated PN532 and a header that nobody touches. The visits are told to a unit of simulated parts in one
process: what would grow there are the unit's own books.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import cv2

from bench import unit_growth, unit_visits
from bench.face_frames import film
from bench.resident import family, resident_kb, together_kb
from bench.unit_growth import Growth
from bench.unit_visits import VisitMemory
from clinic.people import SHIPPED
from device.app.demo.site import Site, open_site
from device.drivers import memory
from device.sim.card import CardAuthority
from device.sim.pn532 import SimulatedPn532

AIMS = "A whole unit (aims: ready in 2.5 s warm, 180 MB with its child processes, 1 % at rest, 1 KB per 1,000 visits)"
_SECTIONS = """\
[camera]
source = "folder:faces"
[panel]
kind = "gpio"
[upkeep]
morning = ""
"""
"""A camera that films a folder, and no morning round of the doctor while something is measured."""
_HEADER = """\
import sys
from bench.panel_idle import QuietChip
sys.modules[__name__] = QuietChip()
"""
"""What `import RPi.GPIO` finds."""
READY_WITHIN_S = 120.0
SETTLE_S = 8.0
"""Cameras have opened then, and what the start took is given back."""
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One unit."""

    ready_s: float
    """The best of the starts: the others shared the machine."""
    starts: tuple[float, ...]
    resident_mb: float
    """The unit's own process."""
    together_mb: float
    """With the cameras' processes and the picture's sandbox, what several of them have in memory counted once."""
    idle_percent: float
    """Of one core: the unit's own process."""
    children_idle_percent: float
    """Of one core: the cameras' processes, which look twice a second while nobody asks, and the picture's sandbox."""
    memory: VisitMemory
    """Of another unit, to which visits by face are told."""
    growth: Growth


def measure(starts: int, idle_s: float, visits: int, face_visits: int) -> UnitCost:
    """Start a unit so many times, let the last one rest, and tell visits to two more, so many to a simulated one."""
    with tempfile.TemporaryDirectory(prefix="uk") as place:
        folder = Path(place)
        authority = CardAuthority()
        now = datetime.now(UTC)
        with (
            open_site(folder, card_authority=authority.certificate_pem, people=SHIPPED, now=now) as site,
            SimulatedPn532(folder) as hat,
        ):
            config = _configure(folder, site, str(hat.device))
            times = []
            for number in range(starts):
                with _Started(config, folder / f"notify-{number}") as unit:
                    times.append(unit.ready_s)
                    if number == starts - 1:
                        time.sleep(SETTLE_S)
                        resident_mb, together_mb = unit.memory_mb()
                        idle_percent, children_idle_percent = unit.busy_percent(idle_s)
    return UnitCost(
        ready_s=min(times),
        starts=tuple(round(one, 2) for one in times),
        resident_mb=resident_mb,
        together_mb=together_mb,
        idle_percent=idle_percent,
        children_idle_percent=children_idle_percent,
        memory=unit_visits.measure(face_visits),
        growth=unit_growth.measure(visits),
    )


def say(cost: UnitCost) -> list[str]:
    """Return the figures as lines."""
    grows, told = cost.growth.kb_per_1000, max(cost.growth.visits)
    return [
        AIMS,
        f"  start to ready          {cost.ready_s:6.2f} s   (starts: {', '.join(f'{one:.2f}' for one in cost.starts)})",
        f"  resident memory         {cost.resident_mb:6.0f} MB  (with its child processes: {cost.together_mb:.0f} MB)",
        *unit_visits.say_memory(cost.memory),
        f"  processor time at rest  {cost.idle_percent:6.2f} %   (its children: {cost.children_idle_percent:.2f} %)",
        f"  growth                  {grows:6.2f} KB per 1,000 of {told:,} simulated visits",
    ]


class _Started:
    """`uketsuke run`, as systemd starts it."""

    def __init__(self, config: Path, notify: Path) -> None:
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(notify))
        self._notify.settimeout(READY_WITHIN_S)
        began_s = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "device.app.entry", "run", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ
            | memory.SETTINGS
            | {"NOTIFY_SOCKET": str(notify), "PYTHONPATH": f"{config.parent}:{Path(__file__).parents[1]}"},
        )
        while b"READY=1" not in self._notify.recv(256):
            pass
        self.ready_s = time.monotonic() - began_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._notify.close()

    def memory_mb(self) -> tuple[float, float]:
        """Return what the unit's own process has in memory, and what all of its processes have."""
        pids = self._pids()
        return resident_kb(pids[0]) / 1024, together_kb(pids) / 1024

    def busy_percent(self, seconds: float) -> tuple[float, float]:
        """Return the unit's own share of a core over this time, and its children's."""
        pids = self._pids()
        before = [_ticks(pid) for pid in pids]
        time.sleep(seconds)
        own, *below = (
            100 * (_ticks(pid) - then) / TICKS_PER_S / seconds for pid, then in zip(pids, before, strict=True)
        )
        return own, sum(below)

    def _pids(self) -> list[int]:
        return family(self._process.pid)


def _ticks(pid: int) -> int:
    told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(told[11]) + int(told[12])


def _configure(folder: Path, site: Site, device: str) -> Path:
    for name in ("faces", "front"):
        (folder / name).mkdir()
        for number, frame in enumerate(film(4)):
            cv2.imwrite(str(folder / name / f"{number}.png"), frame)
    (folder / "RPi").mkdir()
    (folder / "RPi" / "GPIO.py").write_text(_HEADER, encoding="utf-8")
    path = folder / "unit.toml"
    path.write_text(
        site.unit_config(card=f'reader = "pn532"\nbus = "uart:{device}"\nfront = "folder:front"', sections=_SECTIONS),
        encoding="utf-8",
    )
    return path
