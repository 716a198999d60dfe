"""When to scan: often while a key is down, seldom at rest."""

from __future__ import annotations

from collections.abc import Callable

from device.panel.keys import KeyDecoder, KeyEvent, KeySettings
from device.ports.panel import Keypad

SCAN_S = 0.005
"""Membrane keys need some 20 ms to settle: four scans see that."""
STUCK_SCAN_S = 0.02
"""A stuck key holds its column down for good, so no edge of its neighbours is seen: they are looked for instead."""


class KeyWatch:
    """A keypad and what it means. `look` when it says so, or when it wakes you; one thread."""

    def __init__(self, keypad: Keypad, settings: KeySettings | None = None) -> None:
        self._keypad = keypad
        self._decoder = KeyDecoder(settings)

    @property
    def any_stuck(self) -> bool:
        """A key was down for too long and has not come up since."""
        return self._decoder.any_stuck

    def look(self, wake: Callable[[], None]) -> tuple[tuple[KeyEvent, ...], float]:
        """Scan once. Return what became certain, and after how many seconds to look again; `wake` may call sooner."""
        events = self._decoder.feed(self._keypad.scan())
        if not self._decoder.resting:
            return events, SCAN_S
        return events, STUCK_SCAN_S if self._decoder.any_stuck else self._keypad.rest(wake)
