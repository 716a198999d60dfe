"""Who stands before the whole unit: an ear for what it says, and a finger on its keys."""

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
PATIENCE_S = 600.0
"""Emulation is slow, and the host may be busy; only a test that fails waits so long."""
LOOK_S = 0.004
"""Well within the time that the driver is told to let lines settle, and rarely enough to leave the processor to it."""
HOLD_S, PAUSE_S = 2.0, 1.0
"""A slow person's; a key counts as stuck after 10 s."""
SETTLE_US = 20_000


class Ear:
    """Hears what the unit says: the voice is printed where there is no loudspeaker."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._said = ""
        self._ended = False
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def expect(self, text: str) -> None:
        """Wait until `text` was said since the last expectation."""
        with self._more:
            assert self._more.wait_for(lambda: text in self._said or self._ended, PATIENCE_S), self._said
            assert text in self._said, self._said
            self._said = self._said.partition(text)[2]

    def close(self) -> None:
        """Hear the rest; the unit has ended."""
        self._thread.join(PATIENCE_S)
        self._stream.close()

    def _listen(self) -> None:
        for line in self._stream:
            print(line.decode(), end="", flush=True)
            with self._more:
                self._said += line.decode()
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()


class Keypad:
    """A pad and a finger, which presses as people do: until the buzzer clicks or long enough, then with a pause."""

    def __init__(self, matrix: subprocess.Popen[str]) -> None:
        self._matrix = matrix
        self._buzzer = SimulatedLine(Pinout().buzzer)

    def type_keys(self, keys: str) -> None:
        for key in keys:
            self._closed(key)
            self._wait_for_click()
            self._closed()
            select.select([], [], [], PAUSE_S)

    def _closed(self, *keys: str) -> None:
        assert self._matrix.stdin is not None
        assert self._matrix.stdout is not None
        self._matrix.stdin.write(" ".join(("closed", *keys)) + "\n")
        self._matrix.stdin.flush()
        assert self._matrix.stdout.readline() == "done\n"

    def _wait_for_click(self) -> None:
        # A click is shorter than the emulated processor may be away from here, so it may be missed.
        end_s = time.monotonic() + HOLD_S
        while not self._buzzer.high and time.monotonic() < end_s:
            select.select([], [], [], LOOK_S)


@contextmanager
def a_keypad() -> Iterator[Keypad]:
    """Let a pad hang on the lines, with a finger above it."""
    with subprocess.Popen(
        [sys.executable, MATRIX, str(LOOK_S)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as matrix:
        yield Keypad(matrix)
        assert matrix.stdin is not None
        matrix.stdin.close()
