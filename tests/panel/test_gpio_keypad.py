"""The keypad's driver against an electrical model of the header, through both packages that are called RPi.GPIO."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import closing
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.domain.errors import Fault
from device.drivers.gpio import Gpio, open_gpio
from device.drivers.gpio_keypad import POLL_S, REST_S, GpioKeypad
from device.panel.keys import KeyEvent, KeyPressed, StuckKey
from device.panel.pad import PAD_4X3, PAD_4X4, Pad
from device.panel.pinout import Pinout
from device.panel.watch import KeyWatch
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import ShortCircuitError, SimulatedGpio, SimulatedHeader

PINOUT = Pinout()


class Watcher:
    """Somebody who looks when it is time or when woken, as the unit's panel thread does; counts the looks."""

    def __init__(self, gpio: Gpio, header: SimulatedHeader, pad: Pad = PAD_4X4) -> None:
        self.header = header
        self.keypad = GpioKeypad(gpio, pad, PINOUT, header.clock, settle=header.settle)
        self.watch = KeyWatch(self.keypad)
        self.looks = 0
        self.woken = False
        self.next_s = 0.0

    def watch_for(self, seconds: float) -> list[KeyEvent]:
        clock, events = self.header.clock, list[KeyEvent]()
        end_s = clock.monotonic_s() + seconds
        while clock.monotonic_s() < end_s:
            if self.woken or clock.monotonic_s() >= self.next_s:
                self.woken = False
                self.looks += 1
                seen, wait_s = self.watch.look(self.wake)
                events += seen
                self.next_s = clock.monotonic_s() + wait_s
            clock.advance(0.002)
            self.header.look()
        return events

    def type_keys(self, keys: str) -> str:
        end_s = self.header.contacts.type_keys(keys)
        return pressed(self.watch_for(end_s - self.header.clock.monotonic_s() + 0.1))

    def wake(self) -> None:
        self.woken = True


def pressed(events: list[KeyEvent]) -> str:
    return "".join(event.key for event in events if isinstance(event, KeyPressed))


@pytest.fixture
def watcher(gpio: Gpio, header: SimulatedHeader) -> Iterator[Watcher]:
    watcher = Watcher(gpio, header)
    with closing(watcher.keypad):
        yield watcher


def test_a_pad_of_three_columns_leaves_the_fourth_line_alone(gpio: Gpio, header: SimulatedHeader) -> None:
    with closing(GpioKeypad(gpio, PAD_4X3, PINOUT, header.clock, settle=header.settle)):
        assert PINOUT.columns[3] not in header.lines
        assert header.lines.keys() == {*PINOUT.rows, *PINOUT.columns[:3]}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(PAD_4X4.keys, min_size=1, max_size=6), st.integers(0, 2**32))
def test_whatever_is_typed_on_bouncing_keys_comes_out(keys: str, seed: int) -> None:
    clock = SimulatedClock()
    header = SimulatedHeader(clock, SimulatedContacts(clock, pad=PAD_4X4, seed=seed))
    module = SimulatedGpio(header)
    module.setmode(module.BCM)

    assert Watcher(module, header).type_keys(keys) == keys


def test_at_rest_nothing_is_scanned_until_an_edge_wakes(watcher: Watcher) -> None:
    watcher.watch_for(0.2)
    before = watcher.looks

    assert watcher.watch_for(10.0) == []
    assert watcher.looks - before <= 10 / REST_S
    assert watcher.type_keys("5") == "5", "long before the next look was due"
    scans = watcher.looks
    watcher.watch_for(0.5)
    assert watcher.looks - scans <= 1


def test_a_key_that_went_down_before_the_edges_were_watched_is_not_missed(watcher: Watcher) -> None:
    watcher.watch_for(0.1)
    watcher.header.contacts.press("8")
    watcher.header.clock.advance(0.03)
    watcher.woken = False
    watcher.keypad.scan()  # the scan ends the rest, as if an edge had; then the rest begins with the key down

    assert watcher.keypad.rest(watcher.wake) == 0.0


def test_an_edge_that_was_lost_costs_a_second_at_most(watcher: Watcher) -> None:
    watcher.watch_for(0.1)
    watcher.header.contacts.press("8")
    watcher.header.clock.advance(0.03)
    for line in watcher.header.lines.values():
        line.last = 0

    assert pressed(watcher.watch_for(REST_S + 0.1)) == "8"


def test_without_edges_the_columns_are_polled(header: SimulatedHeader) -> None:
    module = SimulatedGpio(header, edges=False)
    module.setmode(module.BCM)
    watcher = Watcher(module, header)

    assert watcher.type_keys("1234#") == "1234#"
    before = watcher.looks
    watcher.watch_for(1.0)
    assert watcher.looks - before == pytest.approx(1.0 / POLL_S, abs=5)


def test_between_looks_at_a_held_key_rows_never_fight(watcher: Watcher) -> None:
    # Two keys of one column connect two rows: were both driven, the model would raise ShortCircuitError.
    for key in "147*":
        watcher.header.contacts.press(key)

    assert watcher.watch_for(0.5) == []
    assert watcher.keypad.trouble is None


def test_three_fingers_and_their_ghost_type_nothing(watcher: Watcher) -> None:
    for key in "137":
        watcher.header.contacts.press(key)

    assert watcher.watch_for(0.3) == []
    assert watcher.keypad.scan().closed == set("1379"), "the ghost is there"


def test_a_stuck_key_is_noticed_and_its_neighbours_go_on_working(watcher: Watcher) -> None:
    watcher.header.contacts.jam("5")
    first, _, stuck = watcher.watch_for(12.0)
    assert isinstance(first, KeyPressed)
    assert isinstance(stuck, StuckKey)
    assert watcher.watch.any_stuck

    assert watcher.type_keys("2846#") == "2846#", "those of its own row and column too"

    watcher.header.contacts.free("5")
    watcher.watch_for(0.1)
    assert watcher.type_keys("55") == "55"
    assert not watcher.watch.any_stuck


# --- wiring ----------------------------------------------------------------------------------------------------------


def test_a_sound_wiring_has_no_complaint(watcher: Watcher) -> None:
    assert watcher.keypad.broken_lines() == ()
    assert watcher.type_keys("5") == "5", "the pad works on"


def test_a_line_on_ground_and_lines_that_touch_are_named(watcher: Watcher) -> None:
    watcher.header.grounded.add(5)
    watcher.header.bridges += [(6, 13), (12, 25)]

    assert set(watcher.keypad.broken_lines()) == {
        "row 2 (GPIO5) lies on ground",
        "row 3 (GPIO6) and row 4 (GPIO13) are connected, or their key is down",
        "column 2 (GPIO12) and column 3 (GPIO25) are connected, or their key is down",
    }


def test_a_line_that_is_driven_high_from_outside_shows_as_trouble_and_not_as_a_crash(
    gpio: Gpio, header: SimulatedHeader
) -> None:
    watcher = Watcher(gpio, header)
    gpio.setup(26, gpio.OUT, initial=gpio.HIGH)
    header.bridges.append((26, 4))

    watcher.watch_for(0.1)

    assert watcher.keypad.trouble is not None


# --- when the header itself fails ------------------------------------------------------------------------------------


def test_a_header_that_goes_away_is_told_and_comes_back(header: SimulatedHeader) -> None:
    module = SimulatedGpio(header)
    module.setmode(module.BCM)
    watcher = Watcher(module, header)
    watcher.watch_for(0.1)

    module.gone = True
    assert watcher.watch_for(1.5) == []
    trouble = watcher.keypad.trouble
    assert trouble is not None
    assert "No such device" in str(trouble)
    assert "rpi-lgpio" in str(trouble)
    with pytest.raises(Fault):
        watcher.keypad.broken_lines()

    module.gone = False
    assert watcher.type_keys("5") == "5"
    assert watcher.keypad.trouble is None


def test_lines_that_somebody_else_has_are_refused_at_the_start(header: SimulatedHeader) -> None:
    module = SimulatedGpio(header)
    with pytest.raises(Fault, match="setmode"):
        GpioKeypad(module, PAD_4X3, PINOUT, header.clock)


def test_off_a_pi_the_module_says_so_and_we_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RPI_LGPIO_REVISION", raising=False)
    monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", ModuleType("lgpio"))
    with pytest.raises(Fault, match=r"the header cannot be used.*install rpi-lgpio"):
        open_gpio()


def test_closing_lets_every_line_go(gpio: Gpio, header: SimulatedHeader) -> None:
    watcher = Watcher(gpio, header)
    watcher.watch_for(0.1)
    watcher.keypad.close()

    assert header.lines == {}


# --- the stand-in itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["setmode", "setwarnings", "setup", "input", "output", "add_event_detect", "cleanup"])
def test_the_stand_in_takes_what_rpi_lgpio_takes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = real_module(monkeypatch)
    theirs = inspect.signature(getattr(real, name)).parameters
    ours = inspect.signature(getattr(SimulatedGpio, name)).parameters

    assert list(ours)[1:] == list(theirs)


def test_the_stand_in_has_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    real = real_module(monkeypatch)
    names = [name for name in vars(SimulatedGpio) if name.isupper()]

    assert {name: getattr(SimulatedGpio, name) for name in names} == {name: getattr(real, name) for name in names}


def test_two_outputs_that_disagree_are_a_short_circuit(header: SimulatedHeader) -> None:
    module = SimulatedGpio(header)
    module.setmode(module.BCM)
    header.contacts.jam("1")
    module.setup(4, module.OUT, initial=module.LOW)

    with pytest.raises(ShortCircuitError):
        module.setup(16, module.OUT, initial=module.HIGH)


def test_a_line_that_floats_reads_as_noise(header: SimulatedHeader) -> None:
    module = SimulatedGpio(header)
    module.setmode(module.BCM)
    module.setup(4, module.IN)

    assert {module.input(4) for _ in range(64)} == {0, 1}


def test_the_stand_in_is_as_strict_as_the_stricter_package(header: SimulatedHeader) -> None:
    module = SimulatedGpio(header)
    module.setmode(module.BCM)
    module.setup(4, module.IN, pull_up_down=module.PUD_UP)
    with pytest.raises(RuntimeError):
        module.output(4, 1)
    with pytest.raises(RuntimeError):
        module.input(5)
    with pytest.raises(ValueError, match="invalid on a Raspberry Pi"):
        module.setup(28, module.IN)
    module.add_event_detect(4, module.FALLING, callback=lambda _: None)
    with pytest.raises(RuntimeError, match="Conflicting"):
        module.add_event_detect(4, module.FALLING, callback=lambda _: None)
    with pytest.raises(RuntimeError):
        module.setup(4, module.OUT, initial=0)


def real_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    import importlib  # noqa: PLC0415

    lgpio = ModuleType("lgpio")
    lgpio.SET_PULL_NONE = 128  # type: ignore[attr-defined]  # a module that is made here
    monkeypatch.setenv("RPI_LGPIO_REVISION", "c04170")
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)
    monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
    module = importlib.import_module("RPi.GPIO")
    monkeypatch.delitem(sys.modules, "RPi.GPIO")
    return module
