"""A machine that is no unit yet: it says so by lamp and voice, looks for its ticket, and becomes one by itself."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TypeVar

from device.app.claiming import FleetSaysNo
from device.app.panel_parts import PanelParts
from device.domain.errors import Fault
from device.domain.prompts import Cue, Phrase
from device.link.claim import ClaimWaits
from device.panel.cues import levels
from device.ports.clock import Clock
from device.wire.phrases import say

log = logging.getLogger(__name__)

LOOK_S = 1.0
SAY_EVERY_S = 30.0
ASK_AGAIN_S = 60.0
"""After a no for good the same ticket is tried again after so long: the fleet's mind may have been changed."""

T = TypeVar("T")


class Enrolment:
    """`look` once a second until it returns True."""

    def __init__(
        self,
        *,
        find: Callable[[], T | None],
        claim: Callable[[T, Callable[[ClaimWaits], None]], None],
        panel: PanelParts,
        clock: Clock,
        language: str,
    ) -> None:
        """`find` returns the ticket, once there is one.

        `claim` uses it, tells meanwhile what it waits for, and raises Fault with what is in the way.
        """
        self._find = find
        self._claim = claim
        self._panel = panel
        self._clock = clock
        self._language = language
        self._since_s = clock.monotonic_s()
        self._said: tuple[Phrase, float] | None = None
        self._why = ""
        self._rests_until_s = -math.inf

    def look(self) -> bool:
        """Look for the ticket and claim; return whether this machine is a unit now. Tell what is waited for."""
        elapsed_s = self._clock.monotonic_s() - self._since_s
        self._panel.indicators.show(levels(Cue.WAIT, elapsed_s, since_key_s=None, quiet=True))
        try:
            ticket = self._find()
            if ticket is None:
                self._tell(Phrase.WAITING_FOR_CLAIM)
                return False
            if self._clock.monotonic_s() < self._rests_until_s:
                self._tell(Phrase.CLAIM_REFUSED)
                return False
            self._tell(Phrase.WAITING_FOR_BROKER)
            self._claim(ticket, self._hear)
        except FleetSaysNo as no:
            self._rests_until_s = self._clock.monotonic_s() + ASK_AGAIN_S
            self._tell(Phrase.CLAIM_REFUSED)
            self._log(str(no))
            return False
        except Fault as fault:
            self._log(str(fault))
            return False
        self._say(Phrase.UNIT_READY)
        return True

    def _hear(self, waits: ClaimWaits) -> None:
        if waits.refused:
            self._tell(Phrase.CLAIM_REFUSED)
            self._log(waits.why)

    def _log(self, why: str) -> None:
        if why != self._why:
            self._why = why
            log.warning("not claimed yet: %s", why)

    def _tell(self, phrase: Phrase) -> None:
        now_s = self._clock.monotonic_s()
        before, at_s = self._said or (None, -math.inf)
        if phrase is not before or now_s - at_s >= SAY_EVERY_S:
            self._said = (phrase, now_s)
            self._say(phrase)

    def _say(self, phrase: Phrase) -> None:
        self._panel.voice.say((say(phrase, self._language),), language=self._language)
