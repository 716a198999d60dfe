"""A machine that is no unit yet: it says so by lamp and voice, looks for its ticket, and becomes one by itself."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TypeVar

from device.app.panel_parts import PanelParts
from device.domain.errors import Fault
from device.domain.prompts import Cue, Phrase
from device.panel.cues import levels
from device.ports.clock import Clock
from device.wire.phrases import say

log = logging.getLogger(__name__)

LOOK_S = 1.0
SAY_EVERY_S = 30.0

T = TypeVar("T")


class Enrolment:
    """`look` once a second until it returns True."""

    def __init__(
        self,
        *,
        find: Callable[[], T | None],
        claim: Callable[[T], None],
        panel: PanelParts,
        clock: Clock,
        language: str,
    ) -> None:
        """`find` returns the ticket, once there is one; `claim` uses it, or raises Fault with what is in the way."""
        self._find = find
        self._claim = claim
        self._panel = panel
        self._clock = clock
        self._language = language
        self._since_s = clock.monotonic_s()
        self._said: tuple[Phrase, float] | None = None
        self._why = ""

    def look(self) -> bool:
        """Look for the ticket and claim; return whether this machine is a unit now. Tell what is waited for."""
        elapsed_s = self._clock.monotonic_s() - self._since_s
        self._panel.indicators.show(levels(Cue.WAIT, elapsed_s, since_key_s=None, quiet=True))
        try:
            ticket = self._find()
            if ticket is None:
                self._tell(Phrase.WAITING_FOR_CLAIM)
                return False
            self._tell(Phrase.WAITING_FOR_BROKER)
            self._claim(ticket)
        except Fault as fault:
            if str(fault) != self._why:
                self._why = str(fault)
                log.warning("not claimed yet: %s", fault)
            return False
        self._say(Phrase.UNIT_READY)
        return True

    def _tell(self, phrase: Phrase) -> None:
        now_s = self._clock.monotonic_s()
        before, at_s = self._said or (None, -math.inf)
        if phrase is not before or now_s - at_s >= SAY_EVERY_S:
            self._said = (phrase, now_s)
            self._say(phrase)

    def _say(self, phrase: Phrase) -> None:
        self._panel.voice.say((say(phrase, self._language),), language=self._language)
