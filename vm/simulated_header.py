"""What hangs on the header, played through the files of the kernel's simulator: keys, wires, and eyes for the lamps.

As a program it is the key matrix: `closed 1 5 #` on its standard input says which keys are down from now on, and it
answers `done` when the lines have found their levels. It knows nothing of the driver but which lines are low.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable
from pathlib import Path

from device.panel.pad import PAD_4X3, Pad
from device.panel.pinout import Pinout

CHIP = Path("/sys/devices/platform/gpio-sim.0/gpiochip0")
LOOK_S = 0.0005
"""From a change of a line to what hangs on it: well within the settle time that the tests give the driver."""


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


def main() -> None:
    """Be the matrix until standard input ends; an argument says how many seconds lie between two looks."""
    look_s = float(sys.argv[1]) if len(sys.argv) > 1 else LOOK_S
    matrix = Matrix()
    while True:
        if select.select([sys.stdin], [], [], look_s)[0]:
            command = sys.stdin.readline()
            if not command:
                return
            matrix.obey(command)
            matrix.settle()
            print("done", flush=True)
        matrix.settle()


if __name__ == "__main__":
    main()
