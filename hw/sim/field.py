"""The simulated antenna's field: which cards it wakes at which distance, and how long they then take."""

from __future__ import annotations

import math
import random

from device.domain.errors import CardUnreadable
from device.sim.card import PlaceableCard
from device.sim.card.link import Link, TimedCard
from device.sim.clock import SimulatedClock
from device.sim.reader import SimulatedConnection, SimulatedReader
from hw.rig.port import Beside
from hw.sim.physics import Physics
from hw.sim.stage import Stage

HALF_MM = 26.0
"""Where a good antenna wakes every other card."""
EDGE_MM = 1.2
"""How soberly that ends: from nine in ten to one in ten within about five of it."""
METAL = 0.35
"""What metal beside the card leaves of the field."""


class FieldReader(SimulatedReader):
    """A simulated reader whose field has a strength."""

    def __init__(self, physics: Physics, stage: Stage) -> None:
        super().__init__("simulated reader at the bench")
        self._physics = physics
        self._stage = stage
        self._chance = random.Random(physics.seed)  # noqa: S311  repeatable on purpose
        self._stunned = False

    def place_another(self, card: PlaceableCard) -> None:
        """A reader that reads one of two does not notice the second."""
        if not self._physics.reads_one_of_two:
            super().place_another(card)

    def connect(self) -> SimulatedConnection:
        """Wake the card, if the field is strong enough. Raise CardUnreadable where it is not."""
        if self._stage.beside is Beside.METAL:
            self._stunned = self._physics.metal_leaves_it_dead
        reach = HALF_MM * self.strength
        wakes = 1 / (1 + math.exp(min(60.0, (self._stage.spacer_mm - reach) / EDGE_MM)))
        if self._stunned or self._chance.random() > wakes:
            raise CardUnreadable("the card does not answer to power")
        return super().connect()

    @property
    def strength(self) -> float:
        """What is left of the field as things lie."""
        return self._physics.field_strength * (METAL if self._stage.beside is Beside.METAL else 1.0)


class FieldCard(TimedCard):
    """A card that answers as fast as the link and the field allow; blocks that are lost are sent again."""

    def __init__(self, card: PlaceableCard, reader: FieldReader, link: Link, clock: SimulatedClock, seed: int) -> None:
        super().__init__(card, link, self._take)
        self._reader = reader
        self._clock = clock
        self._chance = random.Random(seed)  # noqa: S311  repeatable on purpose

    def _take(self, seconds: float) -> None:
        repeats = max(1.0, 1 / self._reader.strength - 0.2)
        self._clock.advance(seconds * repeats * self._chance.uniform(0.99, 1.03))
