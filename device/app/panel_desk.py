"""The panel's side of a visit: keys become events, cues become levels over time, lines become speech."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping

from device.app.health import Health
from device.app.mailbox import Mailbox
from device.app.speech_desk import SpeechDesk
from device.domain.errors import Fault
from device.domain.finding import FindingCode
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.domain.values import ReceptionId
from device.panel.cues import levels, next_change_s
from device.panel.entry import (
    CancelPressed,
    CountChanged,
    DigitEntry,
    EnterPressed,
    EntryEvent,
    PasscodeComplete,
    PinComplete,
    TooLong,
    TooShort,
)
from device.panel.keys import KeyHeld, KeyPressed, KeyReleased, StuckKey
from device.panel.watch import KeyWatch
from device.ports.clock import Clock
from device.ports.panel import Indicators, Keypad, Voice
from device.reception import events as on
from device.reception.effects import Utterance
from device.reception.events import Event, Key

LANGUAGE_KEY = "A"
"""Of a 4x4 pad. On every pad the star key does the same when it is held."""
REPEAT_KEY = "B"
PAD_KEYS = frozenset("0123456789*#")
"""What a visit uses."""
PAUSE_S = 4.0
"""Digits before a pause this long are no part of a passcode: somebody asked for more time, again and again."""
UNFINISHED_ENTRIES = 4
"""A cut wire looks like keys that nobody presses. Which keys were pressed is nobody's business, so only this tells."""


class PanelDesk:
    """Owns keypad, lamps and voice. `show`, `say` and the PIN entry may be called from another thread than `run`."""

    def __init__(
        self,
        *,
        keypad: Keypad,
        indicators: Indicators,
        voice: Voice,
        language: str,
        quiet: bool,
        clock: Clock,
        mailbox: Mailbox,
        health: Health,
    ) -> None:
        """`language` is spoken at the beginning of each visit; `quiet` spares the buzzer."""
        self._keypad = keypad
        self._indicators = indicators
        self._speech = SpeechDesk(voice, clock=clock, language=language)
        self._quiet = quiet
        self._clock = clock
        self._mailbox = mailbox
        self._health = health
        self._watch = KeyWatch(keypad)
        self._lock = threading.Lock()
        self._entry = DigitEntry(for_pin=False)
        self._choices = 0
        self._typed_s = clock.monotonic_s()
        self._cue = self._rest = Cue.IDLE
        self._nobody_here = True
        self._cue_since_s = clock.monotonic_s()
        self._clicked_s: float | None = None
        self._star_down = False
        """The star key went down: what it means is known when it comes up, or has been held."""
        self._unfinished = 0
        """PIN entries in a row that nobody finished."""
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
                    self._clicked_s = self._clock.monotonic_s()
                    self._pressed(key)
                case KeyHeld(key=key):
                    self._held(key)
                case KeyReleased(key=key):
                    self._released(key)
                case StuckKey():
                    pass  # the watch remembers it
        self._report_health()
        if self._nobody_here:
            self._speech.forget_choice_of_nobody()
        return min(wait_s, self._light())

    def show(self, cue: Cue) -> None:
        """Show a cue from its beginning."""
        with self._lock:
            self._nobody_here = cue is Cue.IDLE
            self._cue = self._rest if self._nobody_here else cue
            self._cue_since_s = self._clock.monotonic_s()
        if cue is Cue.IDLE:
            self._speech.forget()
        self._wake.set()

    def rest_with(self, cue: Cue) -> None:
        """From now on show this while nobody is here, in place of "ready"."""
        with self._lock:
            is_news, self._rest = cue is not self._rest, cue
        if is_news and self._nobody_here:
            self.show(Cue.IDLE)

    def say(self, lines: tuple[Utterance, ...]) -> None:
        """Say these sentences in place of whatever is being said."""
        self._speech.say(lines)

    def telling(self) -> tuple[Cue, str, str]:
        """Return the cue, what was said last (empty when nobody is there) and its language: for a display."""
        return self._cue, self._speech.told, self._speech.language

    @property
    def silent_from_s(self) -> float:
        """Since when the voice has been silent, or when it will be; monotonic seconds."""
        return self._speech.silent_from_s

    def open_pin_entry(self) -> None:
        """From now on four digits and the hash key are a PIN."""
        self._listen(for_pin=True)

    def open_choice(self, choices: int) -> None:
        """From now on the digits 1 to `choices` are answers."""
        self._listen(choices=choices)

    def close_entry(self) -> None:
        """Wipe what was typed; keys are keys again."""
        if self._entry.for_pin:
            self._unfinished += 1
        self._listen()

    def _listen(self, *, for_pin: bool = False, choices: int = 0) -> None:
        with self._lock:
            self._entry.close()
            self._entry = DigitEntry(for_pin=for_pin)
            self._choices = choices

    def _pressed(self, key: str) -> None:
        if key == Key.NO:
            self._star_down = True
        elif key == LANGUAGE_KEY:
            self._speech.change_language()
        elif key == REPEAT_KEY:
            self._speech.repeat()
        elif key in PAD_KEYS:
            self._typed(key)

    def _held(self, key: str) -> None:
        if key == Key.NO:
            self._star_down = False
            self._speech.change_language()

    def _released(self, key: str) -> None:
        if key == Key.NO and self._star_down:
            self._star_down = False
            self._typed(key)

    def _typed(self, key: str) -> None:
        now_s = self._clock.monotonic_s()
        with self._lock:
            if not self._entry.for_pin and now_s - self._typed_s > PAUSE_S:
                self._entry.wipe()
            self._typed_s = now_s
            chosen = int(key) if key.isdecimal() and 1 <= int(key) <= self._choices else None
            if chosen is not None:
                self._entry.wipe()
                self._choices = 0
            typed = self._entry.press(key) if chosen is None else None
            if isinstance(typed, PinComplete | CancelPressed):
                self._unfinished = 0
            if isinstance(typed, PinComplete):
                self._entry = DigitEntry(for_pin=False)
        self._speech.hush()  # who knows what to press need not listen to the end

        def news() -> Event | None:
            reception = self._mailbox.reception
            if reception is None:
                if isinstance(typed, PasscodeComplete):
                    typed.passcode.wipe()
                return None
            return _event(reception, typed, chosen)

        self._mailbox.post(news)

    def _report_health(self) -> None:
        for part, driver in (("voice", self._speech.trouble), ("indicators", self._indicators.trouble)):
            self._report(part, driver)
        if (trouble := self._keypad.trouble) is not None:
            self._report("keypad", trouble)
        elif self._watch.any_stuck:
            self._health.report(
                "keypad", Reason.KEYPAD_FAULT, why="a key has been down for very long", finding=FindingCode.KEY_STUCK
            )
        elif self._unfinished >= UNFINISHED_ENTRIES:
            why = f"{self._unfinished} PIN entries in a row came to no end; `uketsuke panel check` finds a broken line"
            self._health.report("keypad", Reason.KEYPAD_FAULT, why=why)
        else:
            self._health.report("keypad", None)

    def _report(self, part: str, fault: Fault | None) -> None:
        if fault is None:
            self._health.report(part, None)
        else:
            self._health.report(part, fault.reason, why=str(fault), finding=fault.finding)

    def _light(self) -> float:
        """Show what is due; return after how many seconds that changes."""
        now_s = self._clock.monotonic_s()
        since_key_s = None if self._clicked_s is None else now_s - self._clicked_s
        with self._lock:
            elapsed_s = now_s - self._cue_since_s
            wanted = levels(self._cue, elapsed_s, since_key_s=since_key_s, quiet=self._quiet)
            change_s = next_change_s(self._cue, elapsed_s, since_key_s=since_key_s)
        if wanted != self._shown:
            self._shown = wanted
            self._indicators.show(wanted)
        return math.inf if change_s is None else change_s - elapsed_s


def _event(reception: ReceptionId, typed: EntryEvent | None, chosen: int | None) -> Event:
    """Return what a key means to the visit."""
    match typed:
        case PinComplete(pin=pin):
            return on.PinEntered(reception, pin)
        case PasscodeComplete(passcode=passcode):
            return on.PasscodeEntered(reception, passcode)
        case TooShort() | TooLong() | EnterPressed():
            return on.KeyPressed(reception, Key.YES)
        case CancelPressed():
            return on.KeyPressed(reception, Key.NO)
        case None if chosen is not None:
            return on.Chosen(reception, chosen)
        case CountChanged() | None:
            return on.DigitTyped(reception)
