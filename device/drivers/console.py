"""A terminal as panel: keys are typed unseen, lamps and voice are printed. For benches and desks, not for patients."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TextIO

from device.domain.errors import Fault
from device.ports.clock import Clock
from device.ports.panel import KeypadSample
from device.wire.texts import joined

KEYS = frozenset("0123456789*#")
HOLD_S = 0.06
"""A typed character is a key held for this long …"""
UP_S = 0.06
"""… and up for this long, so that the decoder sees two equal digits as two."""
POLL_S = 0.02
REST_S = 1.0


class ConsoleKeypad:
    """Turns characters of a terminal into pressed keys. Without a terminal (a service) there are no keys."""

    trouble: Fault | None = None

    def __init__(self, clock: Clock, stream: TextIO | None = None) -> None:
        self._clock = clock
        self._stream = stream or sys.stdin
        self._saved: list[Any] | None = None
        self._typed: deque[str] = deque()
        self._key: str | None = None
        self._until_s = 0.0
        self._wake: Callable[[], None] = lambda: None
        self._ending: int | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._stream.isatty():
            descriptor = self._stream.fileno()
            self._saved = termios.tcgetattr(descriptor)
            # Characters come at once and are not echoed: they may be a PIN. Ctrl-C keeps working.
            tty.setcbreak(descriptor)
            ends, self._ending = os.pipe()
            self._thread = threading.Thread(target=self._listen, args=(descriptor, ends), name="terminal", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ending is not None:
            os.close(self._ending)
        if self._thread is not None:
            self._thread.join()
        if self._saved is not None:
            with contextlib.suppress(termios.error):  # it hung up: there is nothing to put back
                termios.tcsetattr(self._stream.fileno(), termios.TCSADRAIN, self._saved)

    def scan(self) -> KeypadSample:
        """Return the key that is down now, if any."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._until_s:
            if self._key is not None:
                self._key, self._until_s = None, now_s + UP_S
            elif self._typed:
                self._key, self._until_s = self._typed.popleft(), now_s + HOLD_S
        return KeypadSample(now_s, frozenset() if self._key is None else frozenset({self._key}))

    def rest(self, wake: Callable[[], None]) -> float:
        """Wake whoever rests when something is typed."""
        self._wake = wake  # before looking: what is typed in between wakes
        return POLL_S if self._typed else REST_S

    def _listen(self, terminal: int, ends: int) -> None:
        with os.fdopen(ends, "rb"):
            while ends not in select.select([terminal, ends], [], [])[0]:
                try:
                    characters = os.read(terminal, 64)
                except OSError:  # it hung up: nobody types there any more
                    return
                if not characters:
                    return
                self._typed.extend(key for key in characters.decode("ascii", "ignore") if key in KEYS)
                self._wake()


class ConsoleIndicators:
    """Prints which lamps are lit, once for each change."""

    trouble: Fault | None = None

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lit: frozenset[str] | None = None

    def show(self, levels: Mapping[str, bool]) -> None:
        """Print the lamps that are lit; the buzzer and what only blinks off are not worth a line."""
        lit = frozenset(name for name, on in levels.items() if on and name != "buzzer")
        if lit and lit != self._lit:
            self._lit = lit
            print("lamps:", " ".join(sorted(lit)), file=self._stream, flush=True)


class ConsoleVoice:
    """Prints what would be said."""

    trouble: Fault | None = None

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def say(self, sentences: tuple[str, ...], *, language: str) -> float:
        """Print the sentences."""
        print(f"voice ({language}): {joined(sentences, language)}", file=self._stream, flush=True)
        return 0.0

    def stop(self) -> None:
        """A printed sentence is silent already."""
