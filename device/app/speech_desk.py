"""What is said, in which language, and since when it is silent."""

from __future__ import annotations

import threading

from device.domain.errors import Fault
from device.domain.prompts import Phrase
from device.ports.clock import Clock
from device.ports.panel import Voice
from device.reception.effects import Utterance
from device.wire import phrases
from device.wire.reasons import entry
from device.wire.texts import LANGUAGES, joined

_GREETING = (Utterance(Phrase.PLACE_CARD),)
"""Said in the new language where nothing was said yet."""


CHOICE_KEPT_S = 30.0
"""From choosing a language to placing the card."""


class SpeechDesk:
    """Owns the voice. Any thread may call."""

    def __init__(self, voice: Voice, *, clock: Clock, language: str) -> None:
        """`language` is spoken until the visitor changes it, and again to the next one."""
        self._voice = voice
        self._clock = clock
        self._first_language = self._language = language
        self._changed_s = clock.monotonic_s()
        self._lines: tuple[Utterance, ...] = ()
        self._silent_from_s = clock.monotonic_s()
        self._lock = threading.RLock()

    @property
    def language(self) -> str:
        """What is spoken now."""
        return self._language

    @property
    def silent_from_s(self) -> float:
        """Since when the voice has been silent, or when it will be; monotonic seconds."""
        return self._silent_from_s

    @property
    def trouble(self) -> Fault | None:
        """What keeps the voice from being heard."""
        return self._voice.trouble

    @property
    def told(self) -> str:
        """What was said last, as text in the language of now; empty when nobody was told anything."""
        with self._lock:
            parts = (part for line in self._lines for part in _sentences(line, self._language))
            return joined(parts, self._language)

    def say(self, lines: tuple[Utterance, ...]) -> None:
        """Say these sentences in place of whatever is being said."""
        with self._lock:
            self._lines = lines
            sentences = tuple(part for line in lines for part in _sentences(line, self._language))
            self._silent_from_s = self._clock.monotonic_s() + self._voice.say(sentences, language=self._language)

    def repeat(self) -> None:
        """Say the last sentences again."""
        with self._lock:
            if self._lines:
                self.say(self._lines)

    def change_language(self) -> None:
        """Speak the next language from now on, beginning with what was said last."""
        with self._lock:
            self._changed_s = self._clock.monotonic_s()
            self._language = LANGUAGES[(LANGUAGES.index(self._language) + 1) % len(LANGUAGES)]
            self.say(self._lines or _GREETING)

    def hush(self) -> None:
        """Fall silent, if anything is being said."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if now_s < self._silent_from_s:
                self._silent_from_s = now_s
                self._voice.stop()

    def forget_choice_of_nobody(self) -> None:
        """Whoever changed the language while no card was there has gone away again."""
        if self._language != self._first_language and self._clock.monotonic_s() - self._changed_s > CHOICE_KEPT_S:
            self.forget()

    def forget(self) -> None:
        """The visitor is gone: so are what was said to them and the language they chose."""
        with self._lock:
            self._lines = ()
            self._language = self._first_language


def _sentences(line: Utterance, language: str) -> tuple[str, ...]:
    match line.line:
        case Phrase() as phrase:
            return phrases.say_in_breaths(phrase, language, tries_left=line.tries_left, items=line.items)
        case reason:
            return (entry(reason).patient.say(language, tries_left=line.tries_left),)
