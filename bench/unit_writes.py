"""What a whole unit writes: `python -m bench.unit_writes`, by strace of the product's program and all its processes.

Visitors pay the PIN at a terminal, with a PN532 on a pseudo-terminal, a broker and the clinic side: each visit ends
with a result, its receipt and its deletion. Then the unit rests. What goes to files is counted, not what goes to
sockets, terminals and the log; what the file system adds for its journal is not seen.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.terminal import Terminal
from clinic.people import SHIPPED, load_people
from device.app.demo.site import open_site
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.domain.values import ConsentItem
from device.sim.card import CardAuthority, CardFrontPrint, SimulatedCard
from device.sim.pn532 import SimulatedPn532
from device.wire.phrases import say
from device.wire.reasons import entry

SETTLE_S = 5.0
"""After the start and after the last visit: what they still had to write is written then."""
CALLS = "write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,msync,rename,renameat2,ftruncate"
ITEMS = (ConsentItem.MEDICATION, ConsentItem.DIAGNOSIS, ConsentItem.CHECKUP)
VISITS_A_DAY = 500
DAY_S = 86_400
SERIAL = 1001
_CALL = re.compile(r"^\d+ +(?P<at>\d+\.\d+) (?P<call>\w+)\((?:\d+<(?P<path>/[^>]*)>)?.*= (?P<told>-?\d+)")
_NO_DISK = ("/dev/", "/proc/", "/sys/", "/memfd:")


@dataclass(frozen=True, slots=True)
class Wrote:
    """What was asked of the disk."""

    waits: int = 0
    written: int = 0
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Writes:
    """Visits and a rest."""

    visits: int
    during: Wrote
    rest_s: float
    resting: Wrote

    @property
    def day_mb(self) -> float:
        """What a busy day writes."""
        busy = self.during.written / self.visits * VISITS_A_DAY
        return (busy + self.resting.written / self.rest_s * DAY_S) / 1e6


def measure(visits: int, rest_s: float) -> Writes:
    """Trace so many visits by PIN and then a rest."""
    with tempfile.TemporaryDirectory(prefix="uk") as place:
        folder = Path(place)
        authority, now = CardAuthority(), datetime.now(UTC)
        with (
            open_site(folder, card_authority=authority.certificate_pem, people=SHIPPED, now=now) as site,
            SimulatedPn532(folder) as hat,
        ):
            config = folder / "unit.toml"
            config.write_text(site.unit_config(card=f'reader = "pn532"\nbus = "uart:{hat.device}"'), encoding="utf-8")
            calls = folder / "calls"
            tracer = ["strace", "-f", "-y", "-ttt", "-s", "0", "-e", f"trace={CALLS}", "-o", str(calls)]
            with Terminal(config, under=tracer) as unit:
                unit.expect("lamps: ready")
                time.sleep(SETTLE_S)
                began_s = time.time()
                card = _card(authority, now)
                for _ in range(visits):
                    hat.place(card)
                    unit.expect(say(Phrase.ENTER_PIN, "ja", tries_left=3))
                    unit.type_keys("1234#")
                    unit.expect(say(Phrase.ASK_CONSENT, "ja", items=ITEMS))
                    unit.type_keys("#")
                    unit.expect(entry(Reason.QUALIFIED).patient.ja)
                    hat.lift()
                    unit.expect("lamps: ready")
                time.sleep(SETTLE_S)
                ended_s = time.time()
                time.sleep(rest_s)
            lines = calls.read_text(encoding="utf-8", errors="replace").splitlines()
    return Writes(visits, _sum(lines, began_s, ended_s), rest_s, _sum(lines, ended_s, ended_s + rest_s))


def say_writes(writes: Writes) -> list[str]:
    """Return the figures as lines."""
    during, resting = writes.during, writes.resting
    waits, kilobytes = during.waits / writes.visits, during.written / writes.visits / 1000
    return [
        "What a whole unit writes (aims: one wait for the disk in a visit, 20 MB a day)",
        f"  a visit by PIN   {waits:6.2f} waits  {kilobytes:8.1f} kB",
        f"  {writes.rest_s:3.0f} s at rest     {resting.waits:6} waits  {resting.written / 1000:8.1f} kB",
        f"  a day of {VISITS_A_DAY} visits       {writes.day_mb:8.1f} MB",
        f"  files: {', '.join(sorted(during.files | resting.files)) or 'none'}",
    ]


def _sum(lines: Iterable[str], from_s: float, to_s: float) -> Wrote:
    waits = written = 0
    files = set()
    for line in lines:
        found = _CALL.match(line)
        if found is None or not from_s <= float(found["at"]) < to_s:
            continue
        path = found["path"] or ""
        if "sync" in found["call"]:
            waits += 1
        elif path.startswith(_NO_DISK) or not path or int(found["told"]) < 0:
            continue
        elif "write" in found["call"]:
            written += int(found["told"])
            files.add(Path(path).name)
    return Wrote(waits, written, frozenset(files))


def _card(authority: CardAuthority, now: datetime) -> SimulatedCard:
    not_after = load_people()[SERIAL].certificate_not_after(now)
    credentials = authority.issue(serial=SERIAL, not_before=now - timedelta(days=100), not_after=not_after)
    return SimulatedCard(credentials, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.unit_writes", description="What a whole unit writes.")
    parser.add_argument("--visits", type=int, default=8)
    parser.add_argument("--rest", type=float, default=30.0, help="seconds")
    options = parser.parse_args()
    sys.stdout.write("\n".join(say_writes(measure(options.visits, options.rest))) + "\n")
