"""The product's own program on a simulated unit's parts: `device.app.world`, before a real broker.

Time is the table's: it runs as fast as the machine can, but for what the line takes, which is waited for.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from device.app.world import FaceWorks, Fittings, World
from device.drivers.portrait import SandboxedPortraitDecoder
from device.drivers.system import SystemEntropy
from device.reception.states import AwaitingHolder, AwaitingQualification, Proving, Reading, State
from device.sim.card_trust import simulated_trust
from device.sim.line import MemoryBroker
from hw.errors import CannotMeasure
from hw.sim import wardrobe
from hw.sim.line import BrokerLines
from hw.sim.site import NAME, SimulatedSite
from hw.unit.port import Thought, Through

if TYPE_CHECKING:
    from hw.sim.unit import SimulatedUnit

LOOK_S: Final = 0.005
WAITS_S: Final = 0.001
"""A step while the line has something under way: as long on the clock on the wall as on the table's."""
_WAITS_FOR_THE_CLINIC: Final = (Reading, Proving, AwaitingHolder, AwaitingQualification)


class SimulatedProgram:
    """A `Program`."""

    def __init__(self, unit: SimulatedUnit, site: SimulatedSite, stack: ExitStack, through: Through) -> None:
        """Start; `stack` ends it. Raise CannotMeasure without broker."""
        seen = stack.enter_context(site.through_a_wire(unit.physics))
        self._clock = unit.clock
        self._set_clock()
        self._lines = BrokerLines(seen.broker, NAME, seen.tls)
        self._world = World(
            broker=MemoryBroker(unit.clock),
            entropy=SystemEntropy(),  # a clinic that has seen other units takes no visit for a repetition
            open_line=self._lines.open_line,
            clock=unit.clock,
            signer=seen.signer,
            authority=seen.authority,
            clinic_key=seen.clinic_key,
            face=_face(unit, stack),
            trust=simulated_trust(wardrobe.card_authority()),
            name=NAME,
            fittings=Fittings(unit.reader, unit.front, unit.keypad, unit.indicators, unit.voice, through),
        )
        stack.callback(self._world.close)

    @property
    def line_up(self) -> bool:
        """Whether the broker has accepted the unit."""
        return self._lines.latest is not None and self._lines.latest.is_up

    @property
    def waiting_results(self) -> int:
        """How many results the clinic has not confirmed."""
        return self._world.outbox.depth

    @property
    def state(self) -> State:
        """Where the visit stands."""
        return self._world.state

    def thoughts(self) -> tuple[Thought, ...]:
        """Return what became of the visit so far."""
        return tuple(Thought(it.at_s, it.after) for it in self._world.happenings)

    def live(self, seconds: float) -> None:
        """Let the program live for a moment that is no longer than `seconds`, but for what cards and frames take."""
        self._set_clock()
        if self._lines.latest is not None:
            self._lines.latest.hand_over()
        waits = not self.line_up or self.waiting_results > 0 or isinstance(self.state, _WAITS_FOR_THE_CLINIC)
        if not waits:
            self._world.live(min(seconds, LOOK_S))
            return
        began_s = time.monotonic()
        time.sleep(min(seconds, WAITS_S))
        self._world.live(time.monotonic() - began_s)

    def _set_clock(self) -> None:
        """Be the unit's time service: the clinic judges messages by the real time, and the table's runs ahead of it."""
        self._clock.set_wrong_by(timedelta())
        self._clock.set_wrong_by(datetime.now(UTC) - self._clock.utc_now())


def _face(unit: SimulatedUnit, stack: ExitStack) -> FaceWorks | None:
    """Return the product's face path, but for the camera; None where weights or photos were not fetched."""
    try:
        parts = wardrobe.face_parts()
    except CannotMeasure:
        return None
    return FaceWorks(
        engine=parts.engine,
        threshold=parts.threshold,
        decoder=stack.enter_context(SandboxedPortraitDecoder()),
        liveness=parts.liveness,
        camera=unit.camera,
    )
