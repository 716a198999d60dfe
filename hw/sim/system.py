"""The simulated unit's machine: flags, heat, clock, storage, watchdog by formulas; its line is a real one."""

from __future__ import annotations

import math
import random
import time

from device.sim.clock import SimulatedClock
from hw.errors import CannotMeasure
from hw.sim.physics import Physics
from hw.sim.site import NAME, SimulatedSite
from hw.unit.broker_trips import suback_times_ms
from hw.unit.port import PowerFlags

THROTTLES_C = 80.0
UNDERVOLTAGE_V = 4.63
WARMS_UP_S = 90.0
NTP_NOISE_S = 0.000_5


class SimulatedSystem:
    """A `System` by formulas, a seed, and a broker."""

    def __init__(self, physics: Physics, clock: SimulatedClock, site: SimulatedSite | None) -> None:
        self._physics = physics
        self._clock = clock
        self._site = site
        self._chance = random.Random(physics.seed)  # noqa: S311  repeatable on purpose
        self._hard_since_s: float | None = None
        self._hottest_c = physics.idle_c

    @property
    def supply_v(self) -> float:
        """What a voltmeter would show now."""
        return self._physics.supply_v - (self._physics.sag_v if self._hard_since_s is not None else 0.0)

    def power_flags(self) -> PowerFlags:
        """Set where the supply would have sagged, or the heat have slowed the processor down."""
        self.temperature_c()
        worst_v = self._physics.supply_v - self._physics.sag_v
        return PowerFlags(undervoltage=int(worst_v < UNDERVOLTAGE_V), throttled=int(self._hottest_c > THROTTLES_C))

    def temperature_c(self) -> float:
        """Rise towards the end temperature while there is work."""
        rise_c = 0.0
        if self._hard_since_s is not None:
            hard_s = self._clock.monotonic_s() - self._hard_since_s
            rise_c = self._physics.rise_c * (1 - math.exp(-hard_s / WARMS_UP_S))
        now_c = self._physics.idle_c + rise_c + self._chance.gauss(0, 0.2)
        self._hottest_c = max(self._hottest_c, now_c)
        return now_c

    def work_hard(self, *, on: bool) -> None:
        """Begin or end the load."""
        self._hard_since_s = self._clock.monotonic_s() if on else None

    def clock_offset_s(self) -> float:
        """Drift, with the noise of a time service."""
        return self._clock.monotonic_s() * self._physics.clock_ppm * 1e-6 + self._chance.gauss(0, NTP_NOISE_S)

    def fsync_ms(self, times: int) -> list[float]:
        """Scatter as storage cards do: now and then one takes three times as long."""
        return [
            self._physics.fsync_ms * self._chance.lognormvariate(0, 0.2) * (3 if self._chance.random() < 0.01 else 1)  # noqa: PLR2004  one in a hundred
            for _ in range(times)
        ]

    def storage_life_used_percent(self) -> float:
        """What the storage says."""
        return self._physics.life_used_percent

    def boot_ready_s(self) -> float:
        """The last start."""
        return self._physics.boot_s

    def watchdog_bite_s(self) -> float:
        """Hang, and be started anew; a watchdog that is not there never comes."""
        self._clock.advance(min(self._physics.bite_s, 120.0))
        return self._physics.bite_s

    def hardening_complaints(self) -> tuple[str, ...]:
        """What a doctor would say."""
        return self._physics.complaints

    def round_trips_ms(self, times: int) -> list[float | None]:
        """Ask the real broker, through a wire that takes its time or breaks now and then."""
        if self._site is None:
            raise CannotMeasure("the simulated unit's line leads nowhere")
        with self._site.through_a_wire(self._physics) as site:
            began_s = time.monotonic()
            trips = suback_times_ms(site.broker, site.tls, NAME, times)
        self._clock.advance(time.monotonic() - began_s)
        return trips

    def wrong_digests(self) -> tuple[str, ...]:
        """Weights that somebody changed."""
        return self._physics.wrong_digests
