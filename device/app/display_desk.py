"""The small display: what the lamps mean and what the voice says, as text. On a thread of its own: its bus is slow."""

from __future__ import annotations

import threading
from collections.abc import Callable

from device.app.health import Health
from device.domain.prompts import Cue
from device.panel.captions import screen_at
from device.ports.clock import Clock
from device.ports.panel import Display, Screen
from device.wire.phrases import cue_name

LOOK_S = 0.2
"""How soon a change is seen; a person needs longer to look down."""

Telling = tuple[Cue, str, str]
"""The cue, what was said last (empty when nobody is there), and in which language."""


class DisplayDesk:
    """Shows what `telling` says is being told."""

    def __init__(self, display: Display, telling: Callable[[], Telling], *, clock: Clock, health: Health) -> None:
        self._display = display
        self._telling = telling
        self._clock = clock
        self._health = health
        self._told: Telling | None = None
        self._since_s = clock.monotonic_s()
        self._shown: Screen | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Keep the display up to date until `stop`."""
        while not self._stopped.wait(LOOK_S):
            self.poll()
        self._display.show(Screen(""))

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def poll(self) -> None:
        """Show what is told now, if that differs from what is shown."""
        told = self._telling()
        if told != self._told:
            self._told, self._since_s = told, self._clock.monotonic_s()
        cue, text, language = told
        screen = screen_at(cue_name(cue, language), text, self._clock.monotonic_s() - self._since_s)
        if screen != self._shown or self._display.trouble is not None:
            self._shown = screen
            self._display.show(screen)
        trouble = self._display.trouble
        self._health.report("display", None if trouble is None else trouble.reason, why=str(trouble))
