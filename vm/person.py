"""Who stands before the whole unit: an ear for what it says, and a finger on the pad."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from device.panel.pinout import Pinout
from vm.simulated_header import SimulatedLine

MATRIX = Path(__file__).parent / "simulated_header.py"
PATIENCE_S = 90.0
"""Of the machine's clock, which a busy host makes slow as a whole; only a test that fails waits so long."""
LOOK_S = 0.01
"""Well within the buzzer's click."""
HOLD_S, PAUSE_S = 2.0, 0.3
"""A slow person's; a key counts as stuck after 10 s."""
SETTLE_S = 0.002
"""The matrix is a program here, not copper: it is woken at each change of a line, and needs a moment for a look."""
PANEL = f'[panel]\nkind = "gpio"\nsettle_us = {SETTLE_S * 1e6:.0f}\n'
"""A unit's settings for such a pad."""


class Ear:
    """Hears what the unit says: the voice is printed where there is no loudspeaker."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.said = ""
        """All of it; what was expected and came is not looked at again."""
        self._heard = 0
        self._ended = False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def expect(self, text: str) -> None:
        """Wait until `text` was said since the last expectation."""
        with self._more:
            self._more.wait_for(lambda: self.said.find(text, self._heard) >= 0 or self._ended, PATIENCE_S)
            found = self.said.find(text, self._heard)
            assert found >= 0, self.said
            self._heard = found + len(text)

    def close(self) -> None:
        """Hear the rest; the unit has ended."""
        self._thread.join(PATIENCE_S)
        self._stream.close()

    def _listen(self) -> None:
        for line in self._stream:
            print(line.decode(), end="", flush=True)
            with self._more:
                self.said += line.decode()
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()


class Person:
    """A finger above the pad that hangs on the lines."""

    def __init__(self, matrix: subprocess.Popen[str]) -> None:
        self._matrix = matrix
        self._buzzer = SimulatedLine(Pinout().buzzer)
        self.let_go()

    def press(self, *keys: str) -> None:
        """Hold these keys and no others."""
        self._say("closed", *keys)

    def let_go(self) -> None:
        self._say("closed")

    def tap(self, key: str, milliseconds: int) -> None:
        """Hold a key just so long, however little time the machine has."""
        self._say("tapped", key, str(milliseconds))

    def ground(self, *lines: int) -> None:
        """Let these lines lie on ground, and no others."""
        self._say("grounded", *map(str, lines))

    def bridge(self, one: int, other: int) -> None:
        """Let two columns touch."""
        self._say("touching", str(one), str(other))

    def type_keys(self, keys: str) -> None:
        """Press as people do: until the buzzer clicks, then with a pause."""
        for key in keys:
            self.press(key)
            end_s = time.monotonic() + HOLD_S
            while not self._buzzer.high and time.monotonic() < end_s:
                select.select([], [], [], LOOK_S)
            self.let_go()
            select.select([], [], [], PAUSE_S)

    def _say(self, *words: str) -> None:
        assert self._matrix.stdin is not None
        assert self._matrix.stdout is not None
        self._matrix.stdin.write(" ".join(words) + "\n")
        self._matrix.stdin.flush()
        assert self._matrix.stdout.readline() == "done\n"


@contextmanager
def a_person() -> Iterator[Person]:
    """Let a pad hang on the lines, with a finger above it."""
    with subprocess.Popen([sys.executable, MATRIX], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as matrix:
        yield Person(matrix)
        assert matrix.stdin is not None
        matrix.stdin.close()
