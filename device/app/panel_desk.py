"""The panel's side of a visit: keys become events, cues become levels over time, lines become speech."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping

from device.app.health import Health
from device.app.mailbox import Mailbox
from device.domain.prompts import Cue, Phrase
from device.domain.reasons import Reason
from device.panel.cues import levels, next_change_s
from device.panel.entry import CancelPressed, CountChanged, PinComplete, PinEntry, TooLong, TooShort
from device.panel.keys import KeyPressed, StuckKey
from device.panel.watch import KeyWatch
from device.ports.clock import Clock
from device.ports.panel import Indicators, Keypad, Voice
from device.reception import events as on
from device.reception.effects import Utterance
from device.reception.events import Key
from device.wire import phrases
from device.wire.reasons import entry


class PanelDesk:
    """Owns keypad, lamps and voice. `show`, `say` and the PIN entry may be called from another thread than `run`."""

    def __init__(
        self,
        *,
        keypad: Keypad,
        indicators: Indicators,
        voice: Voice,
        language: str,
        clock: Clock,
        mailbox: Mailbox,
        health: Health,
    ) -> None:
        self._keypad = keypad
        self._indicators = indicators
        self._voice = voice
        self._language = language
        self._clock = clock
        self._mailbox = mailbox
        self._health = health
        self._watch = KeyWatch(keypad)
        self._lock = threading.Lock()
        self._entry: PinEntry | None = None
        self._cue = Cue.IDLE
        self._cue_since_s = clock.monotonic_s()
        self._clicked_s: float | None = None
        self._shown: Mapping[str, bool] | None = None
        self._wake = threading.Event()
        self._stopped = False

    def run(self) -> None:
        """Watch keys and drive lamps until `stop`."""
        while not self._stopped:
            self._wake.clear()
            self._wake.wait(self.poll())
        self._indicators.show({})

    def stop(self) -> None:
        """End `run`."""
        self._stopped = True
        self._wake.set()

    def poll(self) -> float:
        """Look at the keys and bring the lamps up to date; return after how many seconds something is due again."""
        events, wait_s = self._watch.look(self._wake.set)
        for event in events:
            match event:
                case KeyPressed(key=key):
                    self._pressed(key)
                case StuckKey():
                    pass
        self._report_keypad()
        return min(wait_s, self._light())

    def show(self, cue: Cue) -> None:
        """Show a cue from its beginning."""
        with self._lock:
            self._cue = cue
            self._cue_since_s = self._clock.monotonic_s()
        self._wake.set()

    def say(self, lines: tuple[Utterance, ...]) -> None:
        """Say these sentences in place of whatever is being said."""
        spoken = "" if self._language == "ja" else " "
        self._voice.say(spoken.join(self._sentence(line) for line in lines), language=self._language)

    def open_pin_entry(self) -> None:
        """From now on keys belong to a PIN."""
        with self._lock:
            if self._entry is not None:
                self._entry.close()
            self._entry = PinEntry()

    def close_pin_entry(self) -> None:
        """Wipe what was typed; keys are keys again."""
        with self._lock:
            if self._entry is not None:
                self._entry.close()
            self._entry = None

    def _pressed(self, key: str) -> None:
        self._clicked_s = self._clock.monotonic_s()
        with self._lock:
            typed = self._entry.press(key) if self._entry is not None else None
            if isinstance(typed, PinComplete):
                self._entry = None
        match typed:
            case PinComplete(pin=pin):
                self._mailbox.tell_current(lambda reception: on.PinEntered(reception, pin))
            case CountChanged() | TooLong():
                self._mailbox.tell_current(on.DigitTyped)
            case TooShort():
                self._mailbox.tell_current(lambda reception: on.KeyPressed(reception, Key.YES))
            case CancelPressed():
                self._mailbox.tell_current(lambda reception: on.KeyPressed(reception, Key.NO))
            case None if key in set(Key):
                self._mailbox.tell_current(lambda reception: on.KeyPressed(reception, Key(key)))
            case None:
                self._mailbox.tell_current(on.DigitTyped)

    def _report_keypad(self) -> None:
        if (trouble := self._keypad.trouble) is not None:
            self._health.report("keypad", trouble.reason, why=str(trouble))
        elif self._watch.any_stuck:
            self._health.report("keypad", Reason.KEYPAD_FAULT, why="a key has been down for very long")
        else:
            self._health.report("keypad", None)

    def _light(self) -> float:
        """Show what is due; return after how many seconds that changes."""
        now_s = self._clock.monotonic_s()
        since_key_s = None if self._clicked_s is None else now_s - self._clicked_s
        with self._lock:
            elapsed_s = now_s - self._cue_since_s
            wanted = levels(self._cue, elapsed_s, since_key_s=since_key_s)
            change_s = next_change_s(self._cue, elapsed_s, since_key_s=since_key_s)
        if wanted != self._shown:
            self._shown = wanted
            self._indicators.show(wanted)
        return math.inf if change_s is None else change_s - elapsed_s

    def _sentence(self, line: Utterance) -> str:
        match line.line:
            case Phrase() as phrase:
                return phrases.say(phrase, self._language, tries_left=line.tries_left, items=line.items)
            case reason:
                return entry(reason).patient.say(self._language, tries_left=line.tries_left)
