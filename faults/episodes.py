"""One fault at a time on a real site: results before, during and after it, and how long the recovery takes.

Recovery is counted from the moment in which the fault is over (the broker answers again, the proxy passes again, the
unit's process is started again) to the receipt of a result that was reported in that moment, behind all that waited.
"""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from faults.history import History
from faults.meddler import Mischief
from faults.site import Site
from faults.wall_clock import library

_DELAY_S: Final = 0.1
MEDDLED_NAMES: Final = ("packets doubled", "packets reordered")
LONGEST_OUTAGE_S: Final = 3.0


@dataclass(slots=True)
class Campaign:
    """What all episodes showed."""

    recovery_s: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    results: int = 0
    histories: int = 0

    def close(self, history: History, of: str) -> None:
        """Look at one site's history."""
        self.histories += 1
        self.results += len(history.attempted)
        self.wrong += [f"{of}: {wrong} {names[:5]}" for wrong, names in history.wrongs().items()]


Over = Callable[[], float]
"""Ends the fault and returns since when it is over."""


INSTANT: Final = frozenset({"connection cut", "TLS cut mid-record", "100 ms delay each way", *MEDDLED_NAMES})
"""Faults without an outage: what is asked is how long a result takes that is reported just after."""


def _over(*things: Callable[[], object]) -> Over:
    def end() -> float:
        for thing in things:
            thing()
        return time.monotonic()

    return end


def _broker_killed(site: Site) -> Over:
    site.kill_broker()
    return _over(site.start_broker)


def _broker_restarted(site: Site) -> Over:
    site.stop_broker()
    return _over(site.start_broker)


def _broker_forgot(site: Site) -> Over:
    site.stop_broker()
    site.forget()
    return _over(site.start_broker)


def _partition(site: Site) -> Over:
    site.proxy.block()
    return _over(site.proxy.unblock)


def _cut(site: Site) -> Over:
    site.proxy.cut()
    return _over()


def _record_torn(site: Site) -> Over:
    site.proxy.tear_next_record()
    return _over()


def _delay(site: Site) -> Over:
    site.proxy.delay_s = _DELAY_S
    return _over()


def _slow_consumer(site: Site) -> Over:
    site.clinic.send_signal(signal.SIGSTOP)
    return _over(lambda: site.clinic.send_signal(signal.SIGCONT))


def _unit_killed(site: Site) -> Over:
    site.unit.kill()

    def again() -> None:
        site.unit = site.new_unit()

    return _over(again)


def _meddled(mischief: Mischief) -> Callable[[Site], Over]:
    def begin(site: Site) -> Over:
        if site.meddler is not None:
            site.meddler.mischief = mischief
        return _over(lambda: setattr(site.meddler, "mischief", Mischief.NONE))

    return begin


FAULTS: Final[dict[str, Callable[[Site], Over]]] = {
    "broker killed (SIGKILL)": _broker_killed,
    "broker restarted": _broker_restarted,
    "broker lost its data": _broker_forgot,
    "partition": _partition,
    "connection cut": _cut,
    "TLS cut mid-record": _record_torn,
    "100 ms delay each way": _delay,
    "consumer stands still": _slow_consumer,
    "unit killed (SIGKILL)": _unit_killed,
}
MEDDLED: Final[dict[str, Callable[[Site], Over]]] = {
    name: _meddled(mischief) for name, mischief in zip(MEDDLED_NAMES, (Mischief.DOUBLE, Mischief.SWAP), strict=True)
}


def _clock_wrong(years: int) -> Callable[[Site], Over]:
    def set_wrong(site: Site, by_years: int) -> None:
        if site.wall_clock is not None:
            site.wall_clock.set_wrong_by_years(by_years)

    def begin(site: Site) -> Over:
        set_wrong(site, years)
        # A line that is open stays open; whether the unit believes its broker for the date is asked at the next one.
        while site.believes_broker():
            pass
        return _over(lambda: set_wrong(site, 0))

    return begin


SHIFTED: Final[dict[str, Callable[[Site], Over]]] = {
    f"unit's clock {abs(years)} years {'ahead' if years > 0 else 'behind'}": _clock_wrong(years) for years in (10, -10)
}


def episode(site: Site, name: str, begin: Callable[[Site], Over], chance: random.Random) -> float:
    """Live through one fault; return the seconds of recovery."""
    site.report(chance.randint(1, 6))
    over = begin(site)
    since = time.monotonic()
    if name not in INSTANT:
        # A unit without power reports nothing; the others go on.
        if begin is not _unit_killed:
            site.report(chance.randint(1, 6))
        time.sleep(chance.uniform(0, LONGEST_OUTAGE_S))
        since = over()
    last = site.report(1)
    at = site.receipt_of(last)
    if name in INSTANT:
        site.settle()
        site.proxy.delay_s = 0.0
        over()
    return max(0.0, at - since)


def live(rounds: int, *, seed: int, faults: Iterable[str] | None = None) -> Campaign:
    """Go through every fault so many times, in an order that the seed decides."""
    campaign = Campaign()
    wanted = set(faults if faults is not None else [*FAULTS, *MEDDLED, *SHIFTED])
    if library() is None:
        wanted -= SHIFTED.keys()
    sites: tuple[tuple[str, dict[str, Callable[[Site], Over]], dict[str, bool]], ...] = (
        ("site", FAULTS, {}),
        ("hostile front", MEDDLED, {"meddling": True}),
        ("wrong clock", SHIFTED, {"shifting": True}),
    )
    for place, kinds, options in sites:
        names = [name for name in kinds if name in wanted] * rounds
        if not names:
            continue
        chance = random.Random(seed)  # noqa: S311  weather, not secrecy
        chance.shuffle(names)
        with tempfile.TemporaryDirectory() as folder, Site(Path(folder), **options) as site:
            for name in names:
                campaign.recovery_s.setdefault(name, []).append(episode(site, name, kinds[name], chance))
            campaign.close(site.finish(), of=place)
    return campaign
