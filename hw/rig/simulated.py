"""The rig around a simulated unit: its hands are method calls."""

from __future__ import annotations

import random
from functools import partial

from device.sim.people.actors import Visitor, hears
from device.wire.texts import Text
from hw.cards import GoldenCard
from hw.errors import CannotMeasure
from hw.record import RigFacts
from hw.rig.port import Beside, Light, Picture, Plug, Presentation, Reading, Sensor
from hw.sim import wardrobe
from hw.sim.artefacts import stand_in
from hw.sim.panel import level_db
from hw.sim.stage import Presented
from hw.sim.unit import SimulatedUnit

KEY_EVERY_S = 0.6
KEY_HOLD_S = 0.15
ROOM_DB = 45.0
ROOM_LX = 4.0
"""What the sensor before a dark lamp still sees."""


class SimulatedRig:
    """A `Rig` whose sensors scatter a little, as sensors do."""

    press_within_s = 0.05
    tireless = True
    knows_when = True

    def __init__(self, unit: SimulatedUnit) -> None:
        self._unit = unit
        self._chance = random.Random(unit.physics.seed)  # noqa: S311  repeatable on purpose

    def facts(self) -> RigFacts:
        """Say that nothing here is real."""
        return RigFacts(kind="simulated", name="simulated rig", abilities=[sensor.value for sensor in Sensor])

    def place(self, card: str, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> None:
        """Lay it there at once."""
        stage = self._unit.stage
        stage.spacer_mm, stage.beside = spacer_mm, beside
        others = [name for name in self._unit.cards if name != card][:1] if beside is Beside.SECOND_CARD else []
        self._unit.lay(card, *others)

    def lift(self) -> None:
        """Take it away at once."""
        self._unit.lift()
        self._unit.stage.spacer_mm, self._unit.stage.beside = 0.0, Beside.NOTHING

    def press(self, keys: str, hold_s: float) -> None:
        """Press now, let go later."""
        for key in keys:
            self._unit.keypad.press(key)
        self._unit.later(hold_s, lambda: self._let_go(keys))

    def type_pin(self, card: str) -> None:
        """Type what a tester would, at a tester's pace."""
        pin = wardrobe.golden(card).pin
        digits = "" if pin is None else pin.reveal().decode()
        for place, key in enumerate(f"{digits}#", start=1):
            self._unit.later(place * KEY_EVERY_S, partial(self.press, key, KEY_HOLD_S))

    def show(self, picture: Picture | str) -> None:
        """Change the picture at once."""
        self._unit.stage.show(picture)

    def bring_holder(self, card: GoldenCard) -> None:
        """Let the camera film them; they hear the unit's voice, and make the move that it asks for."""
        if not card.photo:
            raise CannotMeasure(f"there is no photo of the holder of {card.name!r}")
        self._unit.stage.show(Presented(Visitor(wardrobe.photo(card.photo), hears(self._unit.voice))))

    def present(self, presentation: Presentation) -> None:
        """Let the camera film a drawn one."""
        self._unit.stage.show(Presented(stand_in(presentation.species, presentation.number)))

    def light(self, light: Light) -> None:
        """Change the light at once."""
        self._unit.stage.light(light)

    def cut_power(self, seconds: float) -> None:
        """Let the unit start anew."""
        self._unit.wait(seconds + self._unit.physics.boot_s)
        self._unit.starts += 1

    def unplug(self, plug: Plug, seconds: float) -> None:
        """Pull the reader's plug; other plugs have no simulation."""
        if plug is not Plug.READER:
            raise CannotMeasure(f"the simulated rig cannot pull the plug of the {plug}")
        self._unit.reader.break_down()
        self._unit.wait(seconds)
        self._unit.reader.repair()

    def sense(self, sensor: Sensor, at: str = "") -> Reading:
        """Measure, with a sensor's own scatter."""
        unit = self._unit
        match sensor:
            case Sensor.LAMP:
                lit = unit.physics.lamp_lx.get(at, 0.0) if unit.indicators.levels.get(at) else 0.0
                return self._reading(lit + ROOM_LX, 0.02 * lit + 0.5)
            case Sensor.SOUND:
                return self._reading(level_db(unit.physics, unit.indicators, unit.voice, ROOM_DB), 0.5)
            case Sensor.SUPPLY:
                return self._reading(unit.system.supply_v, 0.01)
            case Sensor.ROOM_TEMPERATURE:
                return self._reading(23.0, 0.5)

    def ask(self, question: Text) -> bool:
        """Nobody stands there."""
        raise CannotMeasure(f"nobody stands at a simulated rig: {question.en}")

    def _let_go(self, keys: str) -> None:
        for key in keys:
            self._unit.keypad.release(key)

    def _reading(self, value: float, uncertainty: float) -> Reading:
        return Reading(value + self._chance.gauss(0, uncertainty / 2), uncertainty)
