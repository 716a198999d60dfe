"""An electrical model of what hangs on the Pi's header, with the interface of `RPi.GPIO` in front of it.

Every line is an output, an input with pull-up, or an input that floats. Closed keys and stray wires connect lines to
nets. A net that outputs drive has their level; outputs that disagree are a short circuit, which the model reports as
the mistake it is; a net without output is high where anything pulls it up; and what floats reads as noise.

The interface is as strict as the stricter of RPi.GPIO 0.7 and rpi-lgpio 0.6: what only one of them lets pass is
refused here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from device.panel.pinout import HEADER_LINES, Pinout
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts


class ShortCircuitError(Exception):
    """Two outputs that disagree were connected: on a real header a line of the chip would now be dying."""


@dataclass(slots=True)
class _Line:
    output: bool = False
    level: int = 0
    pulled_up: bool = False
    wake: Callable[[int], None] | None = None
    last: int = 1
    """What a watched line read at the last look."""


@dataclass(slots=True)
class SimulatedHeader:
    """Lines, the pad behind them, and stray wires."""

    clock: SimulatedClock
    contacts: SimulatedContacts
    pinout: Pinout = field(default_factory=Pinout)
    grounded: set[int] = field(default_factory=set)
    """Lines that lie on ground."""
    bridges: list[tuple[int, int]] = field(default_factory=list)
    """Lines that touch one another."""
    lines: dict[int, _Line] = field(init=False, default_factory=dict)
    _random: random.Random = field(init=False, default_factory=lambda: random.Random(0))  # noqa: S311  repeatable

    def level(self, line: int) -> int:
        """Return what this line reads now. Raise ShortCircuitError where outputs on its net disagree."""
        net = self._net(line)
        driven = {self.lines[each].level for each in net if each in self.lines and self.lines[each].output}
        driven |= {0 for each in net if each in self.grounded}
        if len(driven) > 1:
            raise ShortCircuitError(f"outputs disagree on the net of {sorted(net)}")
        if driven:
            return driven.pop()
        if any(each in self.lines and self.lines[each].pulled_up for each in net):
            return 1
        return self._random.getrandbits(1)

    def settle(self, seconds: float) -> None:
        """Let time pass as the driver does between driving and reading."""
        self.clock.advance(seconds)

    def look(self) -> None:
        """Do what the kernel does by itself: call whoever waits for an edge that has come."""
        for number, line in list(self.lines.items()):
            if line.wake is not None:
                before, line.last = line.last, self.level(number)
                if before > line.last:
                    line.wake(number)

    def _net(self, line: int) -> set[int]:
        net, edges = {line}, list(self._connections())
        while edges:  # as good as always there are none
            reached = {end for one, other in edges if one in net or other in net for end in (one, other)}
            if reached <= net:
                return net
            net |= reached
        return net

    def _connections(self) -> Iterator[tuple[int, int]]:
        yield from self.bridges
        for row, column in self.contacts.closed(self.clock.monotonic_s()):
            if self.contacts.row_is_whole(row) and self.contacts.column_is_whole(column):
                yield self.pinout.rows[row], self.pinout.columns[column]


class SimulatedGpio:
    """Stands in for the module `RPi.GPIO`."""

    BCM, BOARD = 11, 10
    OUT, IN = 0, 1
    LOW, HIGH = 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
    RISING, FALLING, BOTH = 31, 32, 33

    def __init__(self, header: SimulatedHeader, *, edges: bool = True) -> None:
        """Without `edges` it is RPi.GPIO on a kernel from 6.6 on."""
        self._header = header
        self._edges = edges
        self._mode: int | None = None
        self.gone = False
        """Set it, and every call fails as it does when the kernel takes the chip away."""

    def setmode(self, new_mode: int) -> None:
        """Choose how lines are numbered; the model knows the BCM's numbers."""
        if new_mode != self.BCM:
            raise ValueError("An invalid mode was passed to setmode()")
        self._mode = new_mode

    def setwarnings(self, value: bool) -> None:  # noqa: FBT001  the module's signature
        """The model raises where the module warns."""

    def setup(self, chanlist: int, direction: int, pull_up_down: int = PUD_OFF, initial: int | None = None) -> None:
        """Make a line an input, or an output with a first level."""
        self._check(chanlist)
        if direction not in {self.IN, self.OUT}:
            raise ValueError("An invalid direction was passed to setup()")
        if direction == self.OUT and pull_up_down != self.PUD_OFF:
            raise ValueError("pull_up_down parameter is not valid for outputs")
        if direction == self.IN and initial is not None:
            raise ValueError("initial parameter is not valid for inputs")
        line = self._header.lines.setdefault(chanlist, _Line())
        if line.wake is not None:
            raise RuntimeError("edges of this line are watched for: the two packages differ in what happens now")
        line.output = direction == self.OUT
        line.level = int(initial or 0)
        line.pulled_up = pull_up_down == self.PUD_UP
        self._header.level(chanlist)

    def input(self, channel: int) -> int:
        """Return a line's level."""
        self._line(channel)
        return self._header.level(channel)

    def output(self, channel: int, value: int) -> None:
        """Set an output's level."""
        line = self._line(channel)
        if not line.output:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        line.level = int(bool(value))
        self._header.level(channel)

    def add_event_detect(
        self, channel: int, edge: int, callback: Callable[[int], None] | None = None, bouncetime: int | None = None
    ) -> None:
        """Call back at each falling edge."""
        line = self._line(channel)
        if line.output:
            raise RuntimeError("You must setup() the GPIO channel as an input first")
        if not self._edges:
            raise RuntimeError("Failed to add edge detection")
        if line.wake is not None:
            raise RuntimeError("Conflicting edge detection already enabled for this GPIO channel")
        if edge != self.FALLING or callback is None or bouncetime is not None:
            raise NotImplementedError("the model knows falling edges with a callback, undebounced")
        line.wake, line.last = callback, self._header.level(channel)

    def remove_event_detect(self, channel: int) -> None:
        """Call back no more."""
        self._check(channel)
        if channel in self._header.lines:
            self._header.lines[channel].wake = None

    def cleanup(self, chanlist: Iterable[int] | None = None) -> None:
        """Let lines go."""
        for channel in list(self._header.lines if chanlist is None else chanlist):
            self._check(channel)
            self._header.lines.pop(channel, None)

    def _line(self, channel: int) -> _Line:
        self._check(channel)
        if channel not in self._header.lines:
            raise RuntimeError("You must setup() the GPIO channel first")
        return self._header.lines[channel]

    def _check(self, channel: int) -> None:
        if self.gone:
            raise OSError("No such device")
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
        if channel not in HEADER_LINES:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
