"""What every keypad promises: a model, the header's driver by both GPIO packages, a terminal, one that comes late."""

from __future__ import annotations

import os
import pty
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Protocol, cast

import pytest

from device.app.late_parts import LateKeypad
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.console import ConsoleKeypad
from device.drivers.gpio import Gpio
from device.drivers.gpio_keypad import GpioKeypad
from device.panel.keys import KeyPressed, decode
from device.panel.pad import PAD_4X3, PAD_4X4, Pad
from device.panel.pinout import Pinout
from device.panel.watch import KeyWatch
from device.ports.panel import Keypad, KeypadSample
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.sim.panel import SimulatedKeypad

SCAN_S = 0.005
QUIET_S = 0.2
"""Longer than any key bounces."""
LONGEST_REST_S = 5.0


class PadStage(Protocol):
    """A keypad, and fingers."""

    keypad: Keypad
    pad: Pad
    patience_s: float
    """On the stage's clock: how long after `press` a key is down at the latest, and up again."""

    def press(self, key: str) -> None:
        """Begin to press a key for a moment; does not wait."""

    def pass_time(self, seconds: float) -> None: ...


class WiredStage(PadStage, Protocol):
    """One whose lines can be cut."""

    def cut_a_row(self) -> str:
        """Cut one line; return the keys on it."""


class BreakableStage(PadStage, Protocol):
    """One whose header can go away."""

    def break_it(self) -> None: ...

    def mend_it(self) -> None: ...


class ModelStage:
    """The simulated keypad."""

    patience_s = 0.6

    def __init__(self, pad: Pad = PAD_4X3) -> None:
        self.pad = pad
        self._clock = SimulatedClock()
        keypad = SimulatedKeypad(self._clock, pad=pad, seed=5)
        self._contacts: SimulatedContacts = keypad
        self.keypad: Keypad = keypad

    def press(self, key: str) -> None:
        self._contacts.type_keys(key)

    def pass_time(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def cut_a_row(self) -> str:
        self._contacts.break_row(1)
        return "".join(self.pad.rows[1])


class HeaderStage(ModelStage):
    """The driver on a model of the header, by either package that is called RPi.GPIO."""

    def __init__(self, parts: ExitStack, load: Callable[[SimulatedHeader], Gpio], *, late: bool = False) -> None:
        self.pad = PAD_4X4
        self._clock = SimulatedClock()
        self._contacts = SimulatedContacts(self._clock, pad=PAD_4X4, seed=5)
        self._header = SimulatedHeader(self._clock, self._contacts)
        self._gpio = load(self._header)
        self._gpio.setmode(self._gpio.BCM)
        driver = GpioKeypad(self._gpio, self.pad, Pinout(), self._clock, settle=self._header.settle)
        self.keypad = parts.enter_context(closing(driver))
        if late:
            answers: Iterator[Fault | GpioKeypad] = iter(
                [Fault("no header yet", part="panel", reason=Reason.KEYPAD_FAULT), driver]
            )
            self.keypad = LateKeypad(lambda: given(next(answers)), self._clock)
            assert self.keypad.trouble is not None
            self._clock.advance(10.0)

    def pass_time(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / 0.002))):
            self._clock.advance(0.002)
            self._header.look()

    def break_it(self) -> None:
        cast("SimulatedGpio", self._gpio).gone = True

    def mend_it(self) -> None:
        cast("SimulatedGpio", self._gpio).gone = False


def given(answer: Fault | GpioKeypad) -> GpioKeypad:
    if isinstance(answer, Fault):
        raise answer
    return answer


class TerminalStage:
    """A terminal, and somebody who types."""

    pad = PAD_4X3
    patience_s = 30.0
    """Its thread is a real one; only a test that fails waits as long."""

    def __init__(self, parts: ExitStack) -> None:
        self._clock = SimulatedClock()
        self._person, theirs = pty.openpty()
        parts.callback(os.close, theirs)
        parts.callback(os.close, self._person)
        stream = parts.enter_context(open(os.ttyname(theirs), encoding="ascii"))  # noqa: PTH123, SIM115  closed by parts
        self.keypad: Keypad = parts.enter_context(ConsoleKeypad(self._clock, stream))

    def press(self, key: str) -> None:
        os.write(self._person, key.encode())

    def pass_time(self, seconds: float) -> None:
        select.select([], [], [], 0.0005)
        self._clock.advance(seconds)


@pytest.fixture
def model_pad() -> PadStage:
    return ModelStage()


@pytest.fixture
def gpio_pad() -> Iterator[PadStage]:
    with ExitStack() as parts:
        yield HeaderStage(parts, lambda header: cast("Gpio", SimulatedGpio(header)))


@pytest.fixture
def lgpio_pad(rpi_lgpio: Callable[[SimulatedHeader], Gpio]) -> Iterator[PadStage]:
    with ExitStack() as parts:
        yield HeaderStage(parts, rpi_lgpio)


@pytest.fixture
def late_pad() -> Iterator[PadStage]:
    with ExitStack() as parts:
        yield HeaderStage(parts, lambda header: cast("Gpio", SimulatedGpio(header)), late=True)


@pytest.fixture
def terminal_pad() -> Iterator[PadStage]:
    with ExitStack() as parts:
        yield TerminalStage(parts)


@pytest.fixture(params=["model", "gpio", "lgpio", "late", "terminal"])
def pad_stage(request: pytest.FixtureRequest) -> PadStage:
    chosen: PadStage = request.getfixturevalue(f"{request.param}_pad")
    return chosen


@pytest.fixture(params=["model", "gpio", "lgpio", "late"])
def wired_pad_stage(request: pytest.FixtureRequest) -> WiredStage:
    chosen: WiredStage = request.getfixturevalue(f"{request.param}_pad")
    return chosen


@pytest.fixture(params=["gpio", "late"])
def breakable_pad_stage(request: pytest.FixtureRequest) -> BreakableStage:
    chosen: BreakableStage = request.getfixturevalue(f"{request.param}_pad")
    return chosen


def pressed(stage: PadStage, key: str) -> list[KeypadSample]:
    """Have a key pressed; return every scan until it has long been up, or nobody saw it."""
    samples: list[KeypadSample] = []
    was_down = False
    quiet_s = waited_s = 0.0
    stage.press(key)
    while (quiet_s < QUIET_S) if was_down else (waited_s < stage.patience_s):
        samples.append(stage.keypad.scan())
        quiet_s = 0.0 if samples[-1].closed else quiet_s + SCAN_S
        was_down = was_down or bool(samples[-1].closed)
        waited_s += SCAN_S
        stage.pass_time(SCAN_S)
    return samples


def closed_in(samples: list[KeypadSample]) -> frozenset[str]:
    return frozenset[str]().union(*(sample.closed for sample in samples))


def test_a_pad_that_nobody_touches_shows_no_key_and_has_no_trouble(pad_stage: PadStage) -> None:
    for _ in range(20):
        assert pad_stage.keypad.scan().closed == frozenset()
        pad_stage.pass_time(SCAN_S)
    assert pad_stage.keypad.trouble is None


def test_every_key_is_seen_as_itself_alone_and_goes_up_again(pad_stage: PadStage) -> None:
    for key in pad_stage.pad.keys:
        samples = pressed(pad_stage, key)
        assert closed_in(samples) == {key}
        assert samples[-1].closed == frozenset()


def test_scans_are_stamped_in_their_order(pad_stage: PadStage) -> None:
    stamps = [sample.at_s for sample in pressed(pad_stage, "5")]
    assert stamps == sorted(stamps)
    assert stamps[-1] > stamps[0]


def test_keys_pressed_one_after_the_other_are_typed_in_that_order(pad_stage: PadStage) -> None:
    keys = "15#0"
    samples = [sample for key in keys for sample in pressed(pad_stage, key)]
    assert "".join(event.key for event in decode(samples) if isinstance(event, KeyPressed)) == keys


def test_the_same_key_twice_is_typed_twice(pad_stage: PadStage) -> None:
    samples = [*pressed(pad_stage, "8"), *pressed(pad_stage, "8")]
    assert "".join(event.key for event in decode(samples) if isinstance(event, KeyPressed)) == "88"


def test_whoever_rests_is_told_when_to_look_again_or_woken_and_misses_no_key(pad_stage: PadStage) -> None:
    watch, woken = KeyWatch(pad_stage.keypad), threading.Event()
    for key in ("7", "3"):
        typed, wait_s, waited_s = "", 0.0, 0.0
        watch.look(woken.set)
        pad_stage.press(key)
        while not typed and waited_s < pad_stage.patience_s + LONGEST_REST_S:
            if woken.is_set() or wait_s <= 0.0:
                woken.clear()
                events, wait_s = watch.look(woken.set)
                assert 0.0 <= wait_s <= LONGEST_REST_S
                typed = "".join(event.key for event in events if isinstance(event, KeyPressed))
            pad_stage.pass_time(SCAN_S)
            wait_s -= SCAN_S
            waited_s += SCAN_S
        assert typed == key
        for _ in range(100):  # until it is long up
            watch.look(woken.set)
            pad_stage.pass_time(SCAN_S)
        woken.clear()


def test_to_rest_again_and_again_costs_no_key(pad_stage: PadStage) -> None:
    for _ in range(5):
        pad_stage.keypad.rest(lambda: None)
        pad_stage.pass_time(SCAN_S)
    assert closed_in(pressed(pad_stage, "2")) == {"2"}


def test_keys_on_a_cut_line_never_close_and_the_others_do(wired_pad_stage: WiredStage) -> None:
    cut = wired_pad_stage.cut_a_row()
    for key in wired_pad_stage.pad.keys:
        assert closed_in(pressed(wired_pad_stage, key)) == (frozenset() if key in cut else {key})


def test_a_keypad_that_is_gone_says_so_raises_nothing_and_comes_back(breakable_pad_stage: BreakableStage) -> None:
    breakable_pad_stage.break_it()
    assert breakable_pad_stage.keypad.scan().closed == frozenset()
    assert breakable_pad_stage.keypad.rest(lambda: None) >= 0.0
    trouble = breakable_pad_stage.keypad.trouble
    assert trouble is not None
    assert trouble.reason is Reason.KEYPAD_FAULT
    breakable_pad_stage.mend_it()
    assert closed_in(pressed(breakable_pad_stage, "6")) == {"6"}
    assert breakable_pad_stage.keypad.trouble is None
