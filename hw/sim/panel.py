"""Simulated keys, lamps and loudspeaker with the faults that solder, wires and membranes have."""

from __future__ import annotations

import importlib
import random
from collections.abc import Mapping

from device.app.config import PanelSection
from device.domain.errors import BadConfig
from device.drivers.oled import OledDisplay
from device.panel.cues import BUZZER
from device.panel.pad import PAD_4X3
from device.ports.panel import KeypadSample
from device.sim.clock import SimulatedClock
from device.sim.oled import ADDRESS, Ssd1306Bus
from device.sim.panel import RecordingIndicators, RecordingVoice, SimulatedKeypad
from hw.errors import CannotMeasure
from hw.sim.physics import Physics

SECONDS_PER_CHARACTER = 0.15


class WornKeypad(SimulatedKeypad):
    """Keys whose lines touch, and whose contacts open for moments under the finger."""

    def __init__(self, physics: Physics, clock: SimulatedClock) -> None:
        super().__init__(clock, pad=PAD_4X3, seed=physics.seed, bounce_s=physics.bounce_s)
        self._physics = physics
        self._opens = random.Random(physics.seed)  # noqa: S311  repeatable on purpose
        if physics.jammed_key:
            self.jam(physics.jammed_key)
        if physics.cut_row is not None:
            self.break_row(physics.cut_row)

    def scan(self) -> KeypadSample:
        """Scan as wired."""
        sample = super().scan()
        seen = set(sample.closed)
        if self._physics.touching_rows is not None and seen:
            one, other = (self.pad.rows[row] for row in self._physics.touching_rows)
            seen |= {
                twin
                for key in seen
                for row, to in ((one, other), (other, one))
                if key in row
                for twin in to[row.index(key)]
            }
        if self._physics.dropout:
            seen = {key for key in seen if self._opens.random() >= self._physics.dropout}
        return KeypadSample(sample.at_s, frozenset(seen))


class WiredIndicators(RecordingIndicators):
    """Lamps and buzzer, wired as somebody wired them."""

    def __init__(self, physics: Physics, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self._wires = physics.lamp_wires

    def show(self, levels: Mapping[str, bool]) -> None:
        """Light whatever hangs on the line."""
        super().show({self._wires.get(name, name): on for name, on in levels.items()})


class HeardVoice(RecordingVoice):
    """A loudspeaker that a microphone can listen to."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock, seconds_per_character=SECONDS_PER_CHARACTER)
        self._now = clock
        self._until_s = 0.0

    def say(self, sentences: tuple[str, ...], *, language: str) -> float:
        """Speak, and know until when."""
        seconds = super().say(sentences, language=language)
        self._until_s = self._now.monotonic_s() + seconds
        return seconds

    def stop(self) -> None:
        """Fall silent."""
        super().stop()
        self._until_s = 0.0

    @property
    def speaks(self) -> bool:
        """Whether there is anything to be heard now."""
        return self._now.monotonic_s() < self._until_s


def level_db(physics: Physics, indicators: WiredIndicators, voice: HeardVoice, room_db: float) -> float:
    """Return what a microphone hears: the loudest of room, buzzer and voice."""
    heard = [room_db]
    if indicators.levels.get(BUZZER):
        heard.append(physics.buzzer_db)
    if voice.speaks:
        heard.append(physics.voice_db)
    return max(heard)


def open_simulated_display(chip: Ssd1306Bus) -> OledDisplay:
    """Return the driver of real displays on a model of the chip. Raise CannotMeasure where it cannot be had here."""
    try:
        line = importlib.import_module("luma.core.interface.serial").i2c(bus=chip, address=ADDRESS)
        return OledDisplay(importlib.import_module("luma.oled.device").ssd1306(line), PanelSection().display_font)
    except (ImportError, BadConfig) as error:
        raise CannotMeasure(f"no simulated display: {error}") from error
