"""From time-stamped samples of the key matrix to pressed keys: debounced, one at a time, ghosts refused.

A membrane pad has no diodes: three held keys of a rectangle make the fourth appear. So exactly one key counts at a
time; as soon as two conduct, nothing counts until all are up. That also keeps a palm on the pad from typing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from device.ports.panel import KeypadSample


@dataclass(frozen=True, slots=True)
class KeySettings:
    """How long is long enough, in seconds. The defaults suit membrane pads, which bounce for up to 20 ms."""

    press_stable_s: float = 0.02
    """A key counts when it conducted for this long without a gap."""
    release_stable_s: float = 0.03
    """A key is up when it did not conduct for this long; longer than any bounce, or one press would count twice."""
    stuck_after_s: float = 10.0
    held_after_s: float = 1.0
    """Longer than anybody needs to press, also with a trembling hand."""
    max_gap_s: float = 0.5
    """What lies between samples further apart than this was not seen: it proves nothing, and timing starts again.

    Far above a scan even on a machine that has little time for it: if every scan were late, no key would ever count.
    """


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key was pressed. The key stays out of `repr`: it may be a digit of a PIN."""

    at_s: float
    """When the press was certain, on the clock of the samples."""
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StuckKey:
    """A key has been down for longer than anybody presses; it is ignored until it comes up again."""

    at_s: float
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyHeld:
    """A pressed key is still down after `held_after_s`, and no other joined it; told once."""

    at_s: float
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyReleased:
    """A key that was pressed, and perhaps held, is up again."""

    at_s: float
    key: str = field(repr=False)


KeyEvent = KeyPressed | KeyHeld | KeyReleased | StuckKey


@dataclass(slots=True)
class _Down:
    """A key that conducts, or did within the release time."""

    since_s: float
    unbroken_since_s: float
    last_seen_s: float


class KeyDecoder:
    """Remembers what is down. The same samples always give the same events; feed it from one thread."""

    def __init__(self, settings: KeySettings | None = None) -> None:
        self._settings = settings or KeySettings()
        self._last_s = -math.inf
        self._down: dict[str, _Down] = {}
        self._stuck: set[str] = set()
        self._spent = False
        """What is down was counted or refused already: nothing counts until all keys are up."""
        self._pressed: str | None = None
        """The key that was counted and is not up yet."""
        self._alone = False
        """It may still become a held key: no other joined it."""

    @property
    def resting(self) -> bool:
        """No key is down, stuck ones aside: scanning may stop until a line changes."""
        return self._down.keys() <= self._stuck

    @property
    def any_stuck(self) -> bool:
        """A key was down for too long and has not come up since."""
        return bool(self._stuck)

    def feed(self, sample: KeypadSample) -> tuple[KeyEvent, ...]:
        """Take the next sample and return what became certain with it."""
        self._track(sample)
        released = tuple(self._newly_released(sample.at_s))
        return (*released, *self._newly_stuck(sample.at_s), *self._newly_pressed(sample), *self._newly_held(sample))

    def _track(self, sample: KeypadSample) -> None:
        unseen = not 0 <= sample.at_s - self._last_s <= self._settings.max_gap_s
        if unseen:
            for down in self._down.values():
                down.since_s = down.unbroken_since_s = down.last_seen_s = sample.at_s
        for key in sample.closed:
            down = self._down.setdefault(key, _Down(sample.at_s, sample.at_s, sample.at_s))
            if down.last_seen_s < self._last_s:  # it was open in between: a bounce
                down.unbroken_since_s = sample.at_s
            down.last_seen_s = sample.at_s
        self._last_s = sample.at_s

    def _newly_released(self, now_s: float) -> Iterator[KeyReleased]:
        for key, down in list(self._down.items()):
            if _passed(down.last_seen_s, now_s, self._settings.release_stable_s):
                del self._down[key]
                self._stuck.discard(key)
                if key == self._pressed:
                    self._pressed = None
                    yield KeyReleased(now_s, key)
        if self.resting:
            self._spent = False

    def _newly_stuck(self, now_s: float) -> Iterator[StuckKey]:
        for key in sorted(self._down.keys() - self._stuck):
            if _passed(self._down[key].since_s, now_s, self._settings.stuck_after_s):
                self._stuck.add(key)
                yield StuckKey(now_s, key)
        if self.resting:  # or a key that is down in the very next sample would not count
            self._spent = False

    def _newly_pressed(self, sample: KeypadSample) -> Iterator[KeyPressed]:
        # A key that is stuck is no partner of a ghost as long as only one more conducts: a ghost takes three.
        down = self._down.keys() - self._stuck
        if len(down) > 1:
            self._spent = True
        if self._spent or len(down) != 1:
            return
        (key,) = down
        if key in sample.closed and _passed(
            self._down[key].unbroken_since_s, sample.at_s, self._settings.press_stable_s
        ):
            self._spent = self._alone = True
            self._pressed = key
            yield KeyPressed(sample.at_s, key)

    def _newly_held(self, sample: KeypadSample) -> Iterator[KeyHeld]:
        if len(self._down.keys() - self._stuck) > 1:
            self._alone = False
        key = self._pressed
        if key is None or not self._alone or key not in sample.closed:
            return
        if _passed(self._down[key].since_s, sample.at_s, self._settings.held_after_s):
            self._alone = False
            yield KeyHeld(sample.at_s, key)


def decode(samples: Iterable[KeypadSample], settings: KeySettings | None = None) -> list[KeyEvent]:
    """Return the events of a whole series of samples."""
    decoder = KeyDecoder(settings)
    return [event for sample in samples for event in decoder.feed(sample)]


def _passed(since_s: float, now_s: float, seconds: float) -> bool:
    # Sums of scan intervals miss the mark by a rounding error, which would cost a whole further scan.
    return now_s - since_s >= seconds - 1e-6
