"""What an installer does with a new panel: press every key, look at every lamp, listen to buzzer and voice.

The only place where keys are named as they are pressed: nobody's PIN is typed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from device.domain.prompts import Phrase
from device.panel.cues import BUZZER, CLICK_S, INDICATORS
from device.panel.keys import KeyPressed, KeyReleased
from device.panel.pad import Pad
from device.panel.watch import KeyWatch
from device.ports.clock import Clock
from device.ports.panel import Indicators, Keypad, Voice
from device.wire.phrases import say
from device.wire.sayings import Saying, sayings
from device.wire.texts import LANGUAGES, Text

KEY_S = 20.0
"""To press the key that was asked for."""
ANSWER_S = 60.0
"""To go and look."""
LOOK_S = 0.02
"""How often keys are looked at, at least: nothing wakes whoever waits here."""
YES, NO = "#", "*"
ANSWERS = "# はい yes, * いいえ no"

NAMES = {
    "ready": Text(ja="「準備よし」のランプ", en="the lamp “ready”"),
    "card": Text(ja="「カード」のランプ", en="the lamp “card”"),
    "face": Text(ja="「顔」のランプ", en="the lamp “face”"),
    "keys": Text(ja="「キー」のランプ", en="the lamp “keys”"),
    "staff": Text(ja="「窓口」のランプ", en="the lamp “desk”"),
    BUZZER: Text(ja="ブザー", en="the buzzer"),
}


@dataclass(slots=True)
class PanelReport:
    """What worked, part by part; None where nobody answered."""

    wiring: tuple[str, ...] = ()
    """What is wrong with the lines, in words."""
    keys: dict[str, bool] = field(default_factory=dict)
    indicators: dict[str, bool | None] = field(default_factory=dict)
    voice: dict[str, bool | None] = field(default_factory=dict)
    """By language, or by sentence where all were played."""
    troubles: dict[str, str] = field(default_factory=dict)
    """What drivers say of themselves."""

    @property
    def ok(self) -> bool:
        """All of it was seen and heard."""
        good = all(self.keys.values()) and all(self.indicators.values()) and all(self.voice.values())
        return good and not self.wiring and not self.troubles

    def cut_lines(self, pad: Pad) -> list[str]:
        """Name rows and columns of which no key was seen: a wire that is cut looks like that and like nothing else."""
        rows = [(f"row {row + 1}", keys) for row, keys in enumerate(pad.rows)]
        columns = [
            (f"column {column + 1}", "".join(keys[column] for keys in pad.rows)) for column in range(pad.columns)
        ]
        seen = {key for key, works in self.keys.items() if works}
        return [name for name, keys in (*rows, *columns) if self.keys and not seen & set(keys)]


class KeyTrial:
    """Asks for keys and says which were seen."""

    def __init__(
        self,
        keypad: Keypad,
        clock: Clock,
        *,
        tell: Callable[[str], None],
        wait: Callable[[float], None],
        click: Callable[[], None] = lambda: None,
    ) -> None:
        """`click` is called at each key that goes down."""
        self._watch = KeyWatch(keypad)
        self._clock = clock
        self._tell = tell
        self._wait = wait
        self._click = click

    def press_all(self, pad: Pad) -> dict[str, bool]:
        """Ask for every key of a pad; return which were seen."""
        return {key: self.press(key) for key in pad.keys}

    def press(self, key: str) -> bool:
        """Ask for one key; return whether it was seen."""
        self._tell(f"{key} を押してください / press {key}")
        seen = self.next_key(KEY_S)
        if seen is not None and seen != key:
            self._tell(f"  {seen} が押されました。もう一度 {key} を / {seen} was seen; once more {key}")
            seen = self.next_key(KEY_S)
        if seen != key:
            self._tell("  押されたことが分かりません / not seen" if seen is None else f"  {seen}")
        return seen == key

    def next_key(self, seconds: float) -> str | None:
        """Return the key that was pressed, once it is up again; None when none was in time."""
        pressed: str | None = None
        end_s = self._clock.monotonic_s() + seconds
        while self._clock.monotonic_s() < end_s:
            events, wait_s = self._watch.look(lambda: None)
            for event in events:
                match event:
                    case KeyPressed(key=key):
                        pressed = key
                        self._click()
                    case KeyReleased():
                        return pressed
                    case _:
                        pass
            self._wait(min(wait_s, LOOK_S))
        return pressed


class PanelCheck:
    """Goes through a panel with somebody in front of it."""

    def __init__(
        self,
        *,
        pad: Pad,
        keypad: Keypad,
        indicators: Indicators,
        voice: Voice,
        clock: Clock,
        tell: Callable[[str], None],
        wait: Callable[[float], None],
        wiring: Callable[[], tuple[str, ...]] | None = None,
    ) -> None:
        """`tell` shows a line to the installer, `wait` lets seconds pass, `wiring` asks the lines themselves."""
        self._pad = pad
        self._keypad = keypad
        self._keys = KeyTrial(keypad, clock, tell=tell, wait=wait, click=self._click)
        self._indicators = indicators
        self._voice = voice
        self._clock = clock
        self._tell = tell
        self._wait = wait
        self._wiring = wiring

    def run(self, *, all_sentences: bool) -> PanelReport:
        """Go through everything once."""
        report = PanelReport()
        self._indicators.show({})
        if self._wiring is not None:
            report.wiring = self._wiring()
            for complaint in report.wiring:
                self._tell(f"wiring: {complaint}")
        report.keys = self._keys.press_all(self._pad)
        for name in INDICATORS:
            report.indicators[name] = self._see(name)
        for saying in sayings() if all_sentences else map(_greeting, LANGUAGES):
            report.voice[saying.text if all_sentences else saying.language] = self._hear(saying)
        for part, trouble in (
            ("keypad", self._keypad.trouble),
            ("indicators", self._indicators.trouble),
            ("voice", self._voice.trouble),
        ):
            if trouble is not None:
                report.troubles[part] = str(trouble)
        self._indicators.show({})
        return report

    def _see(self, name: str) -> bool | None:
        text = NAMES[name]
        self._indicators.show({name: True})
        self._tell(f"{text.ja}だけがついて(鳴って)いますか / is {text.en} on, and nothing else?  {ANSWERS}")
        answer = self._answer()
        self._indicators.show({})
        return answer

    def _hear(self, saying: Saying) -> bool | None:
        self._tell(f"聞こえますか / do you hear it?  {saying.text}  {ANSWERS}")
        self._voice.say((saying.text,), language=saying.language)
        answer = self._answer()
        self._voice.stop()
        return answer

    def _answer(self) -> bool | None:
        end_s = self._clock.monotonic_s() + ANSWER_S
        while (left_s := end_s - self._clock.monotonic_s()) > 0:
            key = self._keys.next_key(left_s)
            if key in {YES, NO}:
                return key == YES
        self._tell("  答えがありません / nobody answered")
        return None

    def _click(self) -> None:
        self._indicators.show({BUZZER: True})
        self._wait(CLICK_S)
        self._indicators.show({})


def _greeting(language: str) -> Saying:
    return Saying(language, say(Phrase.PLACE_CARD, language))
