"""The contacts under the keys: pressed and let go by hand, bouncing, jamming, with lines that break."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

from device.panel.pad import PAD_4X3, Crossing, Pad
from device.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast somebody types, in seconds; the defaults are an unhurried adult."""

    hold_s: float = 0.12
    gap_s: float = 0.13
    scan_s: float = 0.005
    """How often the pad is looked at meanwhile."""


UNHURRIED = Pace()


@dataclass(frozen=True, slots=True)
class _Turn:
    """A contact changes at `at_s`, then flips an even number of times more until it rests."""

    at_s: float
    closes: bool
    flips_s: tuple[float, ...]

    def closed_at(self, now_s: float) -> bool:
        flips = sum(flip <= now_s for flip in self.flips_s)
        return self.closes if flips % 2 == 0 else not self.closes


class SimulatedContacts:
    """The contacts of one pad, without diodes. Any thread may press while another looks.

    They bounce for 5 to 20 ms, each time differently but always the same for one seed. Lines break and keys jam on
    request.
    """

    def __init__(
        self, clock: Clock, *, pad: Pad = PAD_4X3, seed: int = 0, bounce_s: tuple[float, float] = (0.005, 0.02)
    ) -> None:
        self.pad = pad
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._bounce_s = bounce_s
        self._turns: dict[str, list[_Turn]] = {key: [] for key in pad.keys}
        self._jammed: set[str] = set()
        self._broken_rows: set[int] = set()
        self._broken_columns: set[int] = set()
        self._seen: tuple[float, frozenset[Crossing]] | None = None
        """What was looked up last: a scan asks many times at one moment."""
        self._lock = threading.Lock()

    # --- what hands do ---------------------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        """Push a key down now. Raise ValueError for a key that the pad does not have."""
        self._plan(key, self._clock.monotonic_s(), closes=True)

    def release(self, key: str) -> None:
        """Let a key go now."""
        self._plan(key, self._clock.monotonic_s(), closes=False)

    def type_keys(self, keys: str, pace: Pace = UNHURRIED) -> float:
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
            self._jammed.add(self._known(key))
            self._seen = None

    def free(self, key: str) -> None:
        """The key is no longer jammed."""
        with self._lock:
            self._jammed.discard(self._known(key))
            self._seen = None

    def break_row(self, row: int) -> None:
        """The wire of a row (from 0) is cut at the connector: its keys are never seen."""
        with self._lock:
            self._broken_rows.add(range(len(self.pad.rows))[row])

    def break_column(self, column: int) -> None:
        """The wire of a column (from 0) is cut at the connector: its keys are never seen."""
        with self._lock:
            self._broken_columns.add(range(self.pad.columns)[column])

    def mend(self) -> None:
        """All wires are whole again."""
        with self._lock:
            self._broken_rows.clear()
            self._broken_columns.clear()

    # --- what the matrix sees --------------------------------------------------------------------------------------

    def closed(self, now_s: float) -> frozenset[Crossing]:
        """Return the crossings that conduct at this moment, behind broken wires too."""
        with self._lock:
            if self._seen is None or self._seen[0] != now_s:
                touched = [key for key in self.pad.keys if self._turns[key] or key in self._jammed]
                conducting = frozenset(self.pad.crossing(key) for key in touched if self._conducts(key, now_s))
                self._seen = (now_s, conducting)
            return self._seen[1]

    def row_is_whole(self, row: int) -> bool:
        """Tell whether this row's wire reaches the pad."""
        return row not in self._broken_rows

    def column_is_whole(self, column: int) -> bool:
        """Tell whether this column's wire reaches the pad."""
        return column not in self._broken_columns

    def _conducts(self, key: str, now_s: float) -> bool:
        past = [turn for turn in self._turns[key] if turn.at_s <= now_s]
        return key in self._jammed or (bool(past) and past[-1].closed_at(now_s))

    def _plan(self, key: str, at_s: float, *, closes: bool) -> None:
        with self._lock:
            self._seen = None
            duration_s = self._random.uniform(*self._bounce_s)
            flips = sorted(self._random.uniform(0, duration_s) for _ in range(2 * self._random.randint(1, 4)))
            turn = _Turn(at_s, closes, tuple(at_s + flip for flip in flips))
            # Only the last turn before now still matters; older ones are forgotten, so that a day of typing is no leak.
            now_s = self._clock.monotonic_s()
            past = [old for old in self._turns[self._known(key)] if old.at_s <= now_s]
            coming = [old for old in self._turns[key] if old.at_s > now_s]
            self._turns[key] = sorted([*past[-1:], *coming, turn], key=lambda it: it.at_s)

    def _known(self, key: str) -> str:
        self.pad.crossing(key)
        return key
