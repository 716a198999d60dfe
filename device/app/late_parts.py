"""Parts that need not be there when the unit starts: it serves without them, says so, and takes them when they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Generic, TypeVar

from device.app.config import PanelSection, VoiceSection
from device.app.panel_parts import (
    PanelParts,
    open_any_voice,
    open_display,
    open_indicators,
    open_keypad,
    open_panel,
    voice_files_trouble,
)
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.gpio import open_gpio
from device.ports.clock import Clock
from device.ports.panel import Indicators, Keypad, KeypadSample, Voice

AGAIN_S = 10.0
REST_S = 1.0

T = TypeVar("T")


class Late(Generic[T]):
    """Opens a part when it can, and once: whoever asks meanwhile waits. Any thread may ask."""

    def __init__(self, open_part: Callable[[], T], clock: Clock) -> None:
        self._open = open_part
        self._clock = clock
        self._again_s = clock.monotonic_s()
        self._lock = threading.Lock()
        self._part: T | None = None
        self._fault: Fault | None = None

    def part(self) -> T | None:
        """Return the part, opened now if it is time to try; None while it cannot be had."""
        with self._lock:
            if self._part is None and self._clock.monotonic_s() >= self._again_s:
                try:
                    self._part, self._fault = self._open(), None
                except Fault as fault:
                    self._fault = fault
                    self._again_s = self._clock.monotonic_s() + AGAIN_S
            return self._part

    @property
    def opened(self) -> T | None:
        """The part, if it was opened."""
        with self._lock:
            return self._part

    @property
    def fault(self) -> Fault | None:
        """Why it could not be opened."""
        return self._fault


class LateKeypad:
    """A `Keypad` whose lines may come later."""

    def __init__(self, open_part: Callable[[], Keypad], clock: Clock) -> None:
        self._late = Late(open_part, clock)
        self._clock = clock
        self._late.part()

    def scan(self) -> KeypadSample:
        """Scan it, if it is there."""
        keypad = self._late.part()
        return KeypadSample(self._clock.monotonic_s(), frozenset()) if keypad is None else keypad.scan()

    def rest(self, wake: Callable[[], None]) -> float:
        """Rest as it does; else until it is looked for again."""
        keypad = self._late.part()
        return REST_S if keypad is None else keypad.rest(wake)

    @property
    def trouble(self) -> Fault | None:
        """Its trouble, or why it is not there."""
        keypad = self._late.part()
        return self._late.fault if keypad is None else keypad.trouble


class LateIndicators:
    """`Indicators` whose lines may come later."""

    def __init__(self, open_part: Callable[[], Indicators], clock: Clock) -> None:
        self._late = Late(open_part, clock)
        self._shown: Mapping[str, bool] = {}
        self._told = self._late.part() is not None

    def show(self, levels: Mapping[str, bool]) -> None:
        """Show it, now or when there are lamps."""
        self._shown = levels
        indicators = self._late.part()
        self._told = indicators is not None
        if indicators is not None:
            indicators.show(levels)

    @property
    def trouble(self) -> Fault | None:
        """Their trouble, or why they are not there."""
        indicators = self._late.part()
        if indicators is None:
            return self._late.fault
        if not self._told:
            self.show(self._shown)
        return indicators.trouble


class NoVoice:
    """A `Voice` that cannot speak and says why."""

    def __init__(self, trouble: Fault) -> None:
        self.trouble: Fault | None = trouble

    def say(self, sentences: tuple[str, ...], *, language: str) -> float:  # noqa: ARG002  nobody hears it
        """Say nothing; nobody has to wait for it."""
        return 0.0

    def stop(self) -> None:
        """Go on saying nothing."""


def open_serving_panel(
    panel: PanelSection, voice: VoiceSection, stack: ExitStack, clock: Clock, troubles: dict[str, Fault]
) -> PanelParts:
    """Open the panel of a unit that serves: what cannot be had now does not keep it from serving with the rest."""
    if panel.kind != "gpio":
        return replace(open_panel(panel, VoiceSection(), stack, clock), voice=_voice(voice, stack, clock, troubles))
    try:
        display = open_display(panel, stack)
    except Fault as fault:
        display, troubles["display"] = None, fault
    return PanelParts(
        keypad=LateKeypad(lambda: open_keypad(open_gpio(), panel, stack, clock), clock),
        indicators=LateIndicators(lambda: open_indicators(open_gpio(), panel, stack), clock),
        voice=_voice(voice, stack, clock, troubles),
        display=display,
    )


def _voice(voice: VoiceSection, stack: ExitStack, clock: Clock, troubles: dict[str, Fault]) -> Voice:
    if (fault := voice_files_trouble(voice)) is not None:
        troubles["voice files"] = fault
    try:
        return open_any_voice(voice, stack, clock)
    except Fault as fault:
        return NoVoice(Fault(str(fault), part="voice", reason=Reason.VOICE_FAULT, finding=fault.finding))
