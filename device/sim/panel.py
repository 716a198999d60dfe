"""Keypad, lamps and voice in memory: an electrical model of the pad, a record of what lamps and voice were told."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from device.domain.errors import Fault
from device.panel.pad import pulled_down_by
from device.ports.clock import Clock
from device.ports.panel import KeypadSample
from device.sim.clock import SimulatedClock
from device.sim.contacts import UNHURRIED, Pace, SimulatedContacts
from device.wire.texts import joined

POLL_S = 0.02
"""Nothing wakes a simulated panel: it looks often."""


class SimulatedKeypad(SimulatedContacts):
    """A matrix without diodes, wired as the unit's: rows float unless scanned, columns are pulled up.

    Three keys of a rectangle show the fourth as a ghost.
    """

    trouble: Fault | None = None

    def scan(self) -> KeypadSample:
        """Pull each row down in turn and read the columns."""
        now_s = self._clock.monotonic_s()
        closed = self.closed(now_s)
        low = {
            row: [column for column in pulled_down_by(row, closed) if self.column_is_whole(column)]
            for row in range(len(self.pad.rows))
            if self.row_is_whole(row)
        }
        return KeypadSample(now_s, self.pad.decode(low))

    def rest(self, wake: Callable[[], None]) -> float:  # noqa: ARG002  the port's signature
        """Ask to be looked at again soon."""
        return POLL_S


def typed(
    keypad: SimulatedKeypad,
    clock: SimulatedClock,
    keys: str,
    pace: Pace = UNHURRIED,
) -> Iterator[KeypadSample]:
    """Type `keys` and yield every scan meanwhile, letting `clock` pass; ends when the last key has long been up."""
    end_s = keypad.type_keys(keys, pace)
    while clock.monotonic_s() < end_s:
        yield keypad.scan()
        clock.advance(pace.scan_s)


class RecordingIndicators:
    """Lamps and buzzer that remember when they changed."""

    trouble: Fault | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.changes: list[tuple[float, Mapping[str, bool]]] = []
        """Monotonic seconds and the levels shown from then on."""

    @property
    def levels(self) -> Mapping[str, bool]:
        """What is shown now; a name that is absent is off."""
        return self.changes[-1][1] if self.changes else MappingProxyType({})

    def levels_at(self, at_s: float) -> Mapping[str, bool]:
        """Return what was shown at that time; a moment later where it changed just then."""
        later = bisect_right(self.changes, at_s + POLL_S / 2, key=lambda change: change[0])
        return self.changes[later - 1][1] if later else MappingProxyType({})

    def show(self, levels: Mapping[str, bool]) -> None:
        """Remember the levels if they differ from what is shown."""
        shown = MappingProxyType({name: True for name, on in levels.items() if on})
        if shown != self.levels:
            self.changes.append((self._clock.monotonic_s(), shown))


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence that the voice was given."""

    at_s: float
    text: str
    language: str


class RecordingVoice:
    """A loudspeaker that remembers what it was told to say, and when it was told to be silent."""

    trouble: Fault | None = None

    def __init__(self, clock: Clock, *, seconds_per_character: float = 0.0) -> None:
        """Without `seconds_per_character` everything is said in no time; Japanese takes about 0.2, English 0.06."""
        self._clock = clock
        self._seconds_per_character = seconds_per_character
        self.said: list[Said] = []
        self.stopped_at_s: list[float] = []

    def say(self, sentences: tuple[str, ...], *, language: str) -> float:
        """Remember the sentences as one text."""
        text = joined(sentences, language)
        self.said.append(Said(self._clock.monotonic_s(), text, language))
        return len(text) * self._seconds_per_character

    def stop(self) -> None:
        """Remember the silence."""
        self.stopped_at_s.append(self._clock.monotonic_s())
