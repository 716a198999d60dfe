"""A key matrix on the Pi's header: scanned while a key is down, woken by an edge otherwise.

Columns are inputs, pulled up. A row floats except while it is scanned: two keys of one column would connect two rows,
and two outputs that disagree are a short circuit. At rest all rows are low (they agree), so that any key pulls its
column down: that edge wakes the program.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations

from device.domain.errors import Fault
from device.drivers.gpio import Gpio, gpio_fault, let_go
from device.panel.pad import Pad
from device.panel.pinout import Pinout
from device.ports.clock import Clock
from device.ports.panel import KeypadSample

log = logging.getLogger(__name__)

SETTLE_S = 20e-6
"""From driving a row to reading the columns: 50 kOhm and the capacitance of wire and membrane need about 10 µs."""
POLL_S = 0.02
"""Where edges are not to be had, columns are read this often at rest: a press is seen before it stops bouncing."""
GROUNDED = "lies on ground"
"""How a complaint of such a line ends."""
REST_S = 1.0
"""An edge that was lost costs no more than this."""


class GpioKeypad:
    """One thread scans; the module's own thread calls `wake`. Close it: lines are let go."""

    def __init__(
        self,
        gpio: Gpio,
        pad: Pad,
        pinout: Pinout,
        clock: Clock,
        *,
        settle_s: float = SETTLE_S,
        settle: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the lines. Raise Fault(KEYPAD_FAULT) when somebody else has one."""
        self._gpio = gpio
        self._pad = pad
        self._rows = pinout.rows
        self._columns = pinout.columns[: pad.columns]
        self._clock = clock
        self._settle = partial(settle, settle_s)
        self._resting = False
        self._has_edges = True
        self.trouble: Fault | None = None
        try:
            self._take_lines()
        except Exception as error:
            self.close()  # all of them or none: who tries again may be another program
            raise gpio_fault("the keypad's lines cannot be used", error) from error

    def close(self) -> None:
        """Let the lines go; harmless when the header is gone."""
        let_go(self._gpio, (*self._rows, *self._columns))

    def scan(self) -> KeypadSample:
        """Pull each row down in turn and read the columns; at rest one look at the columns says whether to."""
        now_s = self._clock.monotonic_s()
        try:
            if self.trouble is not None:
                self._take_lines()
            if self._resting and not any(self._low(self._columns)):
                return KeypadSample(now_s, frozenset())
            self._end_rest()
            low = {index: self._columns_of(row) for index, row in enumerate(self._rows)}
        except Exception as error:  # noqa: BLE001  see gpio_fault
            self.trouble = gpio_fault("the keypad does not answer", error)
            return KeypadSample(now_s, frozenset())
        self.trouble = None
        return KeypadSample(now_s, self._pad.decode(low))

    def rest(self, wake: Callable[[], None]) -> float:
        """Pull all rows down and wait for a column to fall."""
        if self._resting or self.trouble is not None:
            return REST_S if self._has_edges else POLL_S
        try:
            for row in self._rows:
                self._gpio.setup(row, self._gpio.OUT, initial=self._gpio.LOW)
            self._resting = True
            self._arm(wake)
            # A key that went down before the edges were watched for gave none.
            return 0.0 if any(self._low(self._columns)) else (REST_S if self._has_edges else POLL_S)
        except Exception as error:  # noqa: BLE001  see gpio_fault
            self.trouble = gpio_fault("the keypad does not answer", error)
            return REST_S

    def broken_lines(self) -> tuple[str, ...]:
        """Return what is wrong with the wiring, in words, as far as lines tell by themselves while nobody presses.

        Seen are lines that lie on ground, on one another, or on another line of the header that drives them. A wire
        that is cut is not: it looks like a key that nobody presses. Raise Fault when the header does not answer.
        """
        names = {line: f"row {index + 1} (GPIO{line})" for index, line in enumerate(self._rows)}
        names |= {line: f"column {index + 1} (GPIO{line})" for index, line in enumerate(self._columns)}
        try:
            self._end_rest()
            complaints = tuple(self._complaints(names))
            self._float_rows()
        except Exception as error:
            raise gpio_fault("the keypad does not answer", error) from error
        return complaints

    def _complaints(self, names: dict[int, str]) -> Iterator[str]:
        gpio = self._gpio
        for line in names:
            gpio.setup(line, gpio.IN, pull_up_down=gpio.PUD_UP)
        self._settle()
        grounded = set(self._low(names))
        yield from (f"{names[line]} {GROUNDED}" for line in names if line in grounded)
        for one, other in combinations([line for line in names if line not in grounded], 2):
            gpio.setup(one, gpio.OUT, initial=gpio.LOW)
            self._settle()
            if other in self._low([other]):
                yield f"{names[one]} and {names[other]} are connected, or their key is down"
            gpio.setup(one, gpio.IN, pull_up_down=gpio.PUD_UP)

    def _columns_of(self, row: int) -> list[int]:
        self._gpio.setup(row, self._gpio.OUT, initial=self._gpio.LOW)
        self._settle()
        low = [index for index, column in enumerate(self._columns) if self._gpio.input(column) == self._gpio.LOW]
        self._gpio.setup(row, self._gpio.IN, pull_up_down=self._gpio.PUD_OFF)
        return low

    def _low(self, lines: dict[int, str] | list[int] | tuple[int, ...]) -> list[int]:
        return [line for line in lines if self._gpio.input(line) == self._gpio.LOW]

    def _take_lines(self) -> None:
        self._resting = False
        self._disarm()
        for column in self._columns:
            self._gpio.setup(column, self._gpio.IN, pull_up_down=self._gpio.PUD_UP)
        self._float_rows()

    def _float_rows(self) -> None:
        for row in self._rows:
            self._gpio.setup(row, self._gpio.IN, pull_up_down=self._gpio.PUD_OFF)

    def _arm(self, wake: Callable[[], None]) -> None:
        if not self._has_edges:
            return
        try:
            for column in self._columns:
                self._gpio.add_event_detect(column, self._gpio.FALLING, callback=lambda _: wake())
        except RuntimeError as error:
            log.warning("no edges on this kernel (%s); the keypad is polled", error)
            self._disarm()
            self._has_edges = False

    def _end_rest(self) -> None:
        if self._resting:
            self._resting = False
            self._disarm()
            self._float_rows()

    def _disarm(self) -> None:
        for column in self._columns:
            self._gpio.remove_event_detect(column)
