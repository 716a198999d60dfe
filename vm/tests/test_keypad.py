"""The keypad's driver through rpi-lgpio and lgpio on a chip that the kernel simulates."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from device.domain.errors import Fault
from device.drivers.gpio import Gpio
from device.drivers.gpio_keypad import REST_S, GpioKeypad
from device.drivers.system import SystemClock
from device.panel.keys import KeyPressed, KeyReleased, StuckKey
from device.panel.pad import PAD_4X3
from device.panel.pinout import Pinout

if TYPE_CHECKING:
    from vm.person import Person
    from vm.tests.conftest import PanelThread

SHORT_MS = 60
"""The shortest press of a hurried finger that counts (tests/panel/test_keys.py)."""
BUSY = "print(end='.', flush=True)\nwhile True: pass"
"""A program."""


def test_every_key_of_the_pad_is_seen_as_itself(panel: PanelThread, person: Person) -> None:
    assert "".join(panel.type_key(person, key) for key in PAD_4X3.keys) == PAD_4X3.keys


def test_at_rest_nothing_is_scanned_and_an_edge_wakes_before_the_next_look_is_due(
    panel: PanelThread, person: Person
) -> None:
    waits_s = []
    for key in "5*0#":
        panel.wait_for_rest()
        before_s = time.monotonic()
        person.press(key)
        assert isinstance(panel.next_event(), KeyPressed)
        waits_s.append(time.monotonic() - before_s)
        person.let_go()
        assert isinstance(panel.next_event(), KeyReleased)

    print(f"from contact to press: {min(waits_s) * 1000:.0f} to {max(waits_s) * 1000:.0f} ms")
    assert max(waits_s) < REST_S / 4, "polling at rest would take half of REST_S on average"


def test_a_short_press_counts_while_programs_want_the_processor(panel: PanelThread, person: Person) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            busy = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE))
            stack.callback(busy.kill)
            assert busy.stdout is not None
            assert busy.stdout.read(1)
        for key in PAD_4X3.keys:
            panel.wait_for_rest()
            person.tap(key, SHORT_MS)
            panel.look(1)
        panel.wait_for_rest()
    seen = [panel.events.get() for _ in range(panel.events.qsize())]

    assert "".join(event.key for event in seen if isinstance(event, KeyPressed)) == PAD_4X3.keys


def test_three_keys_and_their_ghost_type_nothing(keypad: GpioKeypad, person: Person) -> None:
    person.press("1", "3", "7")

    assert keypad.scan().closed == set("1379"), "the ghost is there"


def test_a_palm_on_the_pad_types_nothing_and_the_next_key_counts(panel: PanelThread, person: Person) -> None:
    person.press("1", "3", "7", "4", "8")
    panel.look(20)
    assert not panel.resting.is_set()
    person.let_go()
    panel.wait_for_rest()

    assert panel.type_key(person, "8") == "8"
    assert panel.events.empty()


def test_a_stuck_key_is_noticed_and_its_neighbours_go_on_working(panel: PanelThread, person: Person) -> None:
    person.press("5")
    seen = [panel.next_event() for _ in range(3)]
    assert isinstance(seen[0], KeyPressed)
    assert isinstance(seen[2], StuckKey)

    for key in "2846":
        person.press("5", key)
        pressed = panel.next_event()
        person.press("5")
        assert isinstance(pressed, KeyPressed)
        assert pressed.key == key
        assert isinstance(panel.next_event(), KeyReleased)


def test_a_sound_wiring_has_no_complaint(keypad: GpioKeypad) -> None:
    assert keypad.broken_lines() == ()


def test_a_line_on_ground_is_named(keypad: GpioKeypad, person: Person) -> None:
    person.ground(5)

    assert keypad.broken_lines() == ("row 2 (GPIO5) lies on ground",)


def test_columns_that_touch_are_named(keypad: GpioKeypad, person: Person) -> None:
    person.bridge(12, 25)

    assert keypad.broken_lines() == ("column 2 (GPIO12) and column 3 (GPIO25) are connected, or their key is down",)


def test_a_line_that_another_program_holds_is_refused_with_its_reason(gpio: Gpio, pinout: Pinout) -> None:
    lgpio = importlib.import_module("lgpio")  # it has no types
    other = lgpio.gpiochip_open(0)
    try:
        lgpio.gpio_claim_output(other, pinout.rows[2], 0)
        with pytest.raises(Fault, match=r"the keypad's lines cannot be used: .*busy"):
            GpioKeypad(gpio, PAD_4X3, pinout, SystemClock())
    finally:
        lgpio.gpiochip_close(other)
