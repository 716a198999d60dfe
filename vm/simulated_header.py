"""What hangs on the header, played through the files of the kernel's simulator: keys, wires, and eyes for the lamps.

As a program it is the key matrix: `closed 1 5 #` on its standard input says which keys are down from now on, and it
answers `done` when the lines have found their levels. It knows nothing of the driver but which lines are low.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from device.panel.pad import PAD_4X3, Pad
from device.panel.pinout import Pinout

CHIP = Path("/sys/devices/platform/gpio-sim.0/gpiochip0")
NODE = Path("/dev/gpiochip0")
WATCH = 0xC100B406
"""GPIO_V2_GET_LINEINFO_WATCH_IOCTL of linux/gpio.h, with its struct gpio_v2_line_info and gpio_v2_line_info_changed."""
LINE_INFO = struct.Struct("=32s32sII184x")
CHANGED_BYTES = 288
PRIORITY = 50
"""Copper does not wait for a processor, so this program waits for no other."""


class SimulatedLine:
    """One line of the simulated chip, from outside."""

    def __init__(self, number: int) -> None:
        """Open the line's files. Raise OSError where the kernel has no such line."""
        folder = CHIP / f"sim_gpio{number}"
        self._value = os.open(folder / "value", os.O_RDONLY)
        self._pull = os.open(folder / "pull", os.O_RDWR)

    @property
    def high(self) -> bool:
        """What a voltmeter says."""
        return os.pread(self._value, 2, 0) == b"1\n"

    @property
    def pulled_up(self) -> bool:
        """Whether the outside, or the driver's pull-up, holds the line up when nobody drives it."""
        return os.pread(self._pull, 16, 0) == b"pull-up\n"

    def pull(self, *, up: bool) -> None:
        """Hold the line up or down from outside, as long as the driver neither drives it nor changes its pull."""
        os.pwrite(self._pull, b"pull-up" if up else b"pull-down", 0)


class Matrix:
    """Keys between rows and columns, and wires where none should be."""

    def __init__(self, pad: Pad = PAD_4X3, pinout: Pinout | None = None) -> None:
        """Let all lines of the pad float; what floats shows as high, because the simulator knows two levels only."""
        self._pad = pad
        self._pinout = pinout or Pinout()
        self._rows = self._pinout.rows
        self._columns = self._pinout.columns[: pad.columns]
        self._lines = {number: SimulatedLine(number) for number in (*self._rows, *self._columns)}
        self._wires: tuple[tuple[int, int], ...] = ()
        self._grounded: frozenset[int] = frozenset()
        for line in self._lines.values():
            line.pull(up=True)

    def changes(self) -> int:
        """Open the kernel's news of the pad's lines: of each that a program takes, turns round or lets go."""
        node = os.open(NODE, os.O_RDWR | os.O_NONBLOCK)
        for number in self._lines:
            fcntl.ioctl(node, WATCH, LINE_INFO.pack(b"", b"", number, 0))
        return node

    def obey(self, command: str) -> None:
        """`closed KEY …`, `grounded LINE …` or `touching COLUMN COLUMN`; each in place of what was said before."""
        match command.split():
            case ["closed", *keys]:
                self._wires = tuple(self._crossing(key) for key in keys)
            case ["touching", one, other]:
                self._wires = ((int(one), int(other)),)
            case ["grounded", *numbers]:
                self._grounded = frozenset(int(number) for number in numbers)
            case _:
                raise ValueError(f"the matrix does not know the command {command!r}")

    def settle(self) -> None:
        """Look at all lines and pull each as it must be.

        Keys and wires act on columns alone: rows are what the driver drives, and it reads none while a key is down.
        """
        driven = {number for number in self._rows if not self._lines[number].high}
        # A column that is low although nothing pulls it down is driven low.
        driven |= {number for number in self._columns if self._lines[number].pulled_up and not self._lines[number].high}
        low = self._connected(driven | self._grounded)
        for number, line in self._lines.items():
            up = number not in self._grounded and (number not in low or number in self._rows or number in driven)
            if line.pulled_up != up:
                line.pull(up=up)

    def _connected(self, low: set[int] | frozenset[int]) -> set[int]:
        reached = set(low)
        while more := {b for a, b in self._both_ways() if a in reached} - reached:
            reached |= more
        return reached

    def _both_ways(self) -> Iterable[tuple[int, int]]:
        return (*self._wires, *((b, a) for a, b in self._wires))

    def _crossing(self, key: str) -> tuple[int, int]:
        row, column = self._pad.crossing(key)
        return self._rows[row], self._columns[column]


class Lines:
    """Serves the matrix: whenever the kernel tells of a line, or somebody types a command."""

    def __init__(self, matrix: Matrix) -> None:
        """Ask the kernel for its news. Raise OSError where it has none."""
        self._matrix = matrix
        self._changes = matrix.changes()

    def serve(self) -> None:
        """Obey until standard input ends."""
        while command := self._next_command():
            match command.split():
                case ["tapped", key, milliseconds]:
                    self._hold(key, int(milliseconds) / 1000)
                case _:
                    self._matrix.obey(command)
            self._matrix.settle()
            print("done", flush=True)

    def _hold(self, key: str, seconds: float) -> None:
        self._matrix.obey(f"closed {key}")
        self._matrix.settle()
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            if select.select([self._changes], [], [], left_s)[0]:
                self._follow()
        self._matrix.obey("closed")

    def _next_command(self) -> str:
        while True:
            ready, _, _ = select.select([sys.stdin, self._changes], [], [])
            if self._changes in ready:
                self._follow()
            if sys.stdin in ready:
                return sys.stdin.readline()

    def _follow(self) -> None:
        os.read(self._changes, 64 * CHANGED_BYTES)
        self._matrix.settle()


def main() -> None:
    """Be the matrix until standard input ends."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    Lines(Matrix()).serve()


if __name__ == "__main__":
    main()
