"""The product's program as it runs on this machine, with somebody who looks on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from device.app.compose import open_unit
from device.app.config import Config
from device.app.unit import Unit
from device.domain.errors import BadConfig, Fault
from device.reception import State
from device.reception.effects import Effect
from device.reception.events import Event
from hw.errors import CannotMeasure
from hw.unit.port import Thought, Through

STOPS_S = 20.0


class LocalProgram:
    """A `Program` whose thoughts are written down on its own thread."""

    def __init__(self, config: Config, stack: ExitStack, through: Through) -> None:
        """Build the unit; `stack` closes its parts. Raise CannotMeasure where it does not start."""
        self._thoughts: list[Thought] = []
        try:
            self.unit: Unit = open_unit(config, stack, observe=self._observe, through=through)
        except (BadConfig, Fault, ImportError) as error:
            raise CannotMeasure(f"the unit's program does not start: {error}") from error

    @property
    def line_up(self) -> bool:
        """Whether the broker has accepted the unit."""
        return self.unit.snapshot().line_up

    @property
    def waiting_results(self) -> int:
        """How many results the clinic has not confirmed."""
        return self.unit.parts.outbox.depth

    @property
    def state(self) -> State:
        """Where the visit stands."""
        return self.unit.mailbox.state

    def thoughts(self) -> tuple[Thought, ...]:
        """Return every state so far."""
        return tuple(self._thoughts)

    def _observe(self, _before: State, _event: Event, after: State, _effects: tuple[Effect, ...]) -> None:
        self._thoughts.append(Thought(self.unit.parts.clock.monotonic_s(), after))


@contextmanager
def serve(config: Config, through: Through = lambda reader: reader) -> Iterator[LocalProgram]:
    """Run the unit that the configuration describes until the block ends."""
    with ExitStack() as stack:
        program = LocalProgram(config, stack, through)
        thread = threading.Thread(target=program.unit.run, name="unit under test", daemon=True)
        thread.start()
        try:
            yield program
        finally:
            program.unit.stop()
            thread.join(STOPS_S)
