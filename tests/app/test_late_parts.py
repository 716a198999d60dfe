"""A part that may come later is opened once, whoever asks for it."""

from __future__ import annotations

import threading

from device.app.late_parts import AGAIN_S, Late
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.sim.clock import SimulatedClock

MEET_S = 0.2
"""So long the first to open waits for a second: none may come, and each that does not costs the test this."""
PATIENCE_S = 30.0


def test_two_threads_that_ask_at_once_get_the_same_part_opened_once() -> None:
    two_inside = threading.Barrier(2)
    opened: list[object] = []

    def open_part() -> object:
        opened.append(part := object())
        try:
            two_inside.wait(MEET_S)
        except threading.BrokenBarrierError:
            return part
        return part

    late = Late(open_part, SimulatedClock())
    got: list[object] = []
    askers = [threading.Thread(target=lambda: got.append(late.part())) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(PATIENCE_S)

    assert len(opened) == 1
    assert got == opened * 2
    assert late.opened is opened[0]


def test_a_part_that_cannot_be_had_is_tried_again_after_a_while_and_not_at_each_question() -> None:
    clock, tries = SimulatedClock(), list[int]()

    def open_part() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise Fault("not there", part="keypad", reason=Reason.KEYPAD_FAULT)
        return "a keypad"

    late = Late(open_part, clock)
    assert [late.part(), late.part()] == [None, None]
    assert len(tries) == 1
    assert str(late.fault) == "not there"
    clock.advance(AGAIN_S)
    assert late.part() == "a keypad"
    assert late.fault is None
