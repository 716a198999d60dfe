"""Keypad, lamps and voice in memory: an electrical model of the pad, a record of what lamps and voice were told."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from device.ports.clock import Clock
from device.ports.panel import KeypadSample
from device.sim.clock import SimulatedClock

LAYOUT = ("123", "456", "789", "*0#")
"""Rows of a 4x3 telephone pad, as the rig and most membrane pads have them."""

_ROWS = range(len(LAYOUT))
_COLUMNS = range(len(LAYOUT[0]))
_CROSSINGS = {LAYOUT[row][column]: (row, column) for row in _ROWS for column in _COLUMNS}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast somebody types, in seconds; the defaults are an unhurried adult."""

    hold_s: float = 0.12
    gap_s: float = 0.13
    scan_s: float = 0.005
    """How often the pad is looked at meanwhile."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A contact changes at `at_s`, then flips an even number of times more until it rests."""

    at_s: float
    closes: bool
    flips_s: tuple[float, ...]

    def closed_at(self, now_s: float) -> bool:
        flips = sum(flip <= now_s for flip in self.flips_s)
        return self.closes if flips % 2 == 0 else not self.closes


class SimulatedKeypad:
    """A 4x3 matrix without diodes, wired as the unit's: rows float unless scanned, columns are pulled up.

    Contacts bounce for 5 to 20 ms, each time differently but always the same for one seed. Three keys of a rectangle
    show the fourth as a ghost. Lines break and keys jam on request. Any thread may press while another scans.
    """

    def __init__(self, clock: Clock, *, seed: int = 0, bounce_s: tuple[float, float] = (0.005, 0.02)) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._bounce_s = bounce_s
        self._turns: dict[str, list[_Turn]] = {key: [] for key in _CROSSINGS}
        self._jammed: set[str] = set()
        self._broken_rows: set[int] = set()
        self._broken_columns: set[int] = set()
        self._lock = threading.Lock()

    # --- what hands do ---------------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """Push a key down now. Raise ValueError for a key that the pad does not have."""
        self._plan(key, self._clock.monotonic_s(), closes=True)

    def release(self, key: str) -> None:
        """Let a key go now."""
        self._plan(key, self._clock.monotonic_s(), closes=False)

    def type_keys(self, keys: str, pace: Pace = Pace()) -> float:
        """Press `keys` one after the other from now on; nobody needs to wait. Return when the last one is up."""
        at_s = self._clock.monotonic_s()
        for key in keys:
            self._plan(key, at_s, closes=True)
            self._plan(key, at_s + pace.hold_s, closes=False)
            at_s += pace.hold_s + pace.gap_s
        return at_s

    # --- what goes wrong -------------------------------------------------------------------------------------------

    def jam(self, key: str) -> None:
        """The key stays down, whatever the hand does."""
        with self._lock:
            self._jammed.add(_known(key))

    def free(self, key: str) -> None:
        """The key is no longer jammed."""
        with self._lock:
            self._jammed.discard(_known(key))

    def break_row(self, row: int) -> None:
        """The wire of a row (0 to 3) is cut at the connector: its keys are never seen."""
        with self._lock:
            self._broken_rows.add(_ROWS[row])

    def break_column(self, column: int) -> None:
        """The wire of a column (0 to 2) is cut at the connector: its keys are never seen."""
        with self._lock:
            self._broken_columns.add(_COLUMNS[column])

    # --- the port --------------------------------------------------------------------------------------------------

    def scan(self) -> KeypadSample:
        """Pull each row down in turn and read the columns."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            closed = {_CROSSINGS[key] for key in _CROSSINGS if self._conducts(key, now_s)}
            read = {
                LAYOUT[row][column]
                for row in _ROWS
                if row not in self._broken_rows
                for column in _pulled_down_by(row, closed)
                if column not in self._broken_columns
            }
        return KeypadSample(now_s, frozenset(read))

    def _conducts(self, key: str, now_s: float) -> bool:
        past = [turn for turn in self._turns[key] if turn.at_s <= now_s]
        return key in self._jammed or (bool(past) and past[-1].closed_at(now_s))

    def _plan(self, key: str, at_s: float, *, closes: bool) -> None:
        with self._lock:
            duration_s = self._random.uniform(*self._bounce_s)
            flips = sorted(self._random.uniform(0, duration_s) for _ in range(2 * self._random.randint(1, 4)))
            turn = _Turn(at_s, closes, tuple(at_s + flip for flip in flips))
            # Only the last turn before now still matters; older ones are forgotten, so that a day of typing is no leak.
            now_s = self._clock.monotonic_s()
            past = [old for old in self._turns[_known(key)] if old.at_s <= now_s]
            coming = [old for old in self._turns[key] if old.at_s > now_s]
            self._turns[key] = sorted([*past[-1:], *coming, turn], key=lambda it: it.at_s)


def typed(
    keypad: SimulatedKeypad,
    clock: SimulatedClock,
    keys: str,
    pace: Pace = Pace(),
) -> Iterator[KeypadSample]:
    """Type `keys` and yield every scan meanwhile, letting `clock` pass; ends when the last key has long been up."""
    end_s = keypad.type_keys(keys, pace)
    while clock.monotonic_s() < end_s:
        yield keypad.scan()
        clock.advance(pace.scan_s)


def _pulled_down_by(row: int, closed: set[tuple[int, int]]) -> set[int]:
    # A driven row pulls down every column it touches, and through a second key of that column another row, and so on:
    # that is how three keys make a ghost.
    rows, columns = {row}, set[int]()
    while True:
        reached = {column for crossing_row, column in closed if crossing_row in rows}
        if reached == columns:
            return columns
        columns = reached
        rows |= {crossing_row for crossing_row, column in closed if column in columns}


def _known(key: str) -> str:
    if key not in _CROSSINGS:
        raise ValueError(f"the pad has no key {key!r}; it has {' '.join(_CROSSINGS)}")
    return key


class RecordingIndicators:
    """Lamps and buzzer that remember when they changed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.changes: list[tuple[float, Mapping[str, bool]]] = []
        """Monotonic seconds and the levels shown from then on."""

    @property
    def levels(self) -> Mapping[str, bool]:
        """What is shown now; a name that is absent is off."""
        return self.changes[-1][1] if self.changes else MappingProxyType({})

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

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.said: list[Said] = []
        self.stopped_at_s: list[float] = []

    def say(self, text: str, *, language: str) -> None:
        """Remember the sentence."""
        self.said.append(Said(self._clock.monotonic_s(), text, language))

    def stop(self) -> None:
        """Remember the silence."""
        self.stopped_at_s.append(self._clock.monotonic_s())
