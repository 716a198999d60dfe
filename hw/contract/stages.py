"""The parts on the table, as the suites want to hold them: each with the rig in place of whatever moves a model."""

from __future__ import annotations

from typing import Final, NoReturn

from device.app.panel_check import NAMES
from device.domain.prompts import Phrase
from device.panel.cues import BUZZER
from device.panel.lamps import LAMPS
from device.panel.pad import Pad
from device.ports.camera import Camera
from device.ports.panel import Display, Indicators, Keypad, Screen, Voice
from device.wire.phrases import say
from device.wire.texts import Text
from hw.errors import CannotMeasure
from hw.phases.signals import HEARD_OVER_ROOM_DB, LIT_LX, SETTLE_S
from hw.rig.port import Picture, Rig, Sensor
from hw.unit.port import UnitUnderTest

HOLD_S: Final = 0.12


class TableCamera:
    """A camera with a chart before it."""

    def __init__(self, unit: UnitUnderTest, rig: Rig) -> None:
        rig.show(Picture.SLANTED_EDGE)
        self._unit = unit
        self.camera: Camera = unit.camera

    def pass_time(self, seconds: float) -> float:
        """Wait, and return the moment."""
        self._unit.wait(seconds)
        return self._unit.clock.monotonic_s()

    def break_it(self) -> NoReturn:
        """Not by a test."""
        raise CannotMeasure("nobody pulls the camera's cable while it is driven")


class TablePad:
    """The keys, and a finger."""

    def __init__(self, unit: UnitUnderTest, rig: Rig) -> None:
        self._unit = unit
        self._rig = rig
        self.keypad: Keypad = unit.keypad
        self.pad: Pad = unit.pad
        self.patience_s = rig.press_within_s + HOLD_S + SETTLE_S

    def press(self, key: str) -> None:
        """Have one key pressed."""
        self._rig.press(key, HOLD_S)

    def pass_time(self, seconds: float) -> None:
        """Let the rig's finger move."""
        self._unit.wait(seconds)

    def cut_a_row(self) -> NoReturn:
        """Not by a test."""
        raise CannotMeasure("nobody cuts a wire of the unit on the table")

    def break_it(self) -> NoReturn:
        """Not by a test."""
        raise CannotMeasure("nobody takes the header's driver away from the unit on the table")


class TableLamps:
    """Lamps and buzzer, a sensor before each lamp and a microphone; or whoever stands there."""

    def __init__(self, unit: UnitUnderTest, rig: Rig) -> None:
        self._unit = unit
        self._rig = rig
        self.indicators: Indicators = unit.indicators
        self.indicators.show({})

    def shows(self, lamps: set[str]) -> bool:
        """Measure at every lamp, or ask."""
        self._unit.wait(SETTLE_S)
        try:
            return {lamp for lamp in LAMPS if self._rig.sense(Sensor.LAMP, lamp).value > LIT_LX} == lamps
        except CannotMeasure:
            ja = "、".join(NAMES[lamp].ja for lamp in sorted(lamps)) or "どのランプも消えている"
            en = ", ".join(NAMES[lamp].en for lamp in sorted(lamps)) or "none"
            return self._rig.ask(
                Text(ja=f"ついているのは次のとおりですか:{ja}", en=f"Are exactly these lamps on: {en}?")
            )

    def buzzes(self) -> bool:
        """Listen, or ask."""
        self._unit.wait(SETTLE_S)
        return _heard(
            self._rig, Text(ja=f"{NAMES[BUZZER].ja}が鳴っていますか。", en=f"Do you hear {NAMES[BUZZER].en}?")
        )

    def break_it(self) -> NoReturn:
        """Not by a test."""
        raise CannotMeasure("nobody takes the header's driver away from the unit on the table")


class TableDisplay:
    """The small display, and whoever reads it."""

    def __init__(self, unit: UnitUnderTest, rig: Rig) -> None:
        self._rig = rig
        self.display: Display = unit.display

    def shows(self, screen: Screen) -> bool:
        """Ask."""
        words = " / ".join(line for line in (screen.headline, *screen.lines) if line)
        return self._rig.ask(
            Text(ja=f"表示器には次のとおり出ていますか:「{words}」", en=f"Is this what the display reads: “{words}”?")
        )

    def is_dark(self) -> bool:
        """Ask."""
        return self._rig.ask(Text(ja="表示器には何も出ていませんか。", en="Is the display dark?"))

    def unplug(self) -> NoReturn:
        """Not by a test."""
        raise CannotMeasure("nobody pulls the display's cable while it is driven")

    plug = unplug


class TableVoice:
    """The loudspeaker, and a microphone or whoever stands there."""

    def __init__(self, unit: UnitUnderTest, rig: Rig) -> None:
        self._unit = unit
        self._rig = rig
        self.voice: Voice = unit.voice
        self.short, self.long = sorted((say(Phrase.TAKE_CARD, "ja"), say(Phrase.WAITING_FOR_CLAIM, "ja")), key=len)

    def is_heard(self) -> bool:
        """Listen, or ask."""
        self._unit.wait(SETTLE_S)
        return _heard(self._rig, Text(ja="声が聞こえましたか。", en="Do you hear the voice, or did you just now?"))

    def is_silent(self) -> bool:
        """Listen, or ask."""
        self._unit.wait(SETTLE_S)
        return not _heard(self._rig, Text(ja="いま、声が聞こえますか。", en="Do you hear the voice now?"))


def _heard(rig: Rig, question: Text) -> bool:
    try:
        return rig.sense(Sensor.SOUND).value > QUIET_ROOM_DB + HEARD_OVER_ROOM_DB
    except CannotMeasure:
        return rig.ask(question)


QUIET_ROOM_DB: Final = 48.0
"""What a microphone hears at a bench where nobody speaks, at most."""
