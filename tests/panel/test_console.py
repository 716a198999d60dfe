"""A terminal in place of the keypad: whoever rests is woken by what is typed."""

from __future__ import annotations

import os
import pty
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.drivers.console import HOLD_S, REST_S, UP_S, ConsoleKeypad
from device.sim.clock import SimulatedClock

PATIENCE_S = 30.0


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """Yield what a person types into, and the terminal's name."""
    ours, theirs = pty.openpty()
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_is_typed_wakes_whoever_rests_and_comes_key_by_key() -> None:
    clock, woken = SimulatedClock(), threading.Event()
    with terminal() as (person, name), Path(name).open(encoding="ascii") as stream, ConsoleKeypad(clock, stream) as pad:
        assert pad.rest(woken.set) == REST_S
        os.write(person, b"1x1#")
        pressed: list[str] = []
        was_down: frozenset[str] = frozenset()
        while len(pressed) < 3:
            sample = pad.scan()
            pressed += sample.closed - was_down
            was_down = sample.closed
            if not was_down and pad.rest(woken.set) == REST_S and len(pressed) < 3:
                assert woken.wait(PATIENCE_S)
                woken.clear()
            clock.advance(min(HOLD_S, UP_S) / 2)

    assert pressed == ["1", "1", "#"]


def test_a_terminal_that_hangs_up_has_no_keys_and_ends_nothing() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="ascii") as stream:
        pad = ConsoleKeypad(SimulatedClock(), stream)
        with pad:
            os.close(ours)
            assert pad.scan().closed == frozenset()
            assert pad.trouble is None


def test_a_service_has_no_terminal_and_rests(tmp_path: Path) -> None:
    empty = tmp_path / "input"
    empty.touch()
    with empty.open(encoding="ascii") as stream, ConsoleKeypad(SimulatedClock(), stream) as pad:
        assert pad.scan().closed == frozenset()
        assert pad.rest(lambda: None) == REST_S
