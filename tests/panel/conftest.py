from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import cast

import pytest

from device.drivers.gpio import Gpio
from device.panel.pad import PAD_4X4
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.sim.panel import SimulatedKeypad


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def keypad(clock: SimulatedClock) -> SimulatedKeypad:
    return SimulatedKeypad(clock, seed=20260401)


@pytest.fixture
def contacts(clock: SimulatedClock) -> SimulatedContacts:
    return SimulatedContacts(clock, pad=PAD_4X4, seed=20260401)


@pytest.fixture
def header(clock: SimulatedClock, contacts: SimulatedContacts) -> SimulatedHeader:
    return SimulatedHeader(clock, contacts)


class _LgpioOfTheModel(ModuleType):
    """The functions of lgpio that rpi-lgpio calls, on the model: one chip, as the kernel shows it."""

    SET_BIAS_PULL_UP = SET_PULL_UP = 32
    SET_BIAS_PULL_DOWN = SET_PULL_DOWN = 64
    SET_BIAS_DISABLE = SET_PULL_NONE = 128
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
    GPIO_BUSY = -50
    INPUT, OUTPUT, ALERT = 0x100, 0x200, 0x400

    class error(Exception):  # noqa: N801, N818  lgpio's own name
        pass

    def __init__(self, header: SimulatedHeader) -> None:
        super().__init__("lgpio")
        self._chip = SimulatedGpio(header)
        self._chip.setmode(SimulatedGpio.BCM)
        self._header = header
        self._modes: dict[int, int] = {}

    def gpiochip_open(self, number: int) -> int:
        return number

    def gpiochip_close(self, _handle: int) -> int:
        return 0

    def gpio_get_mode(self, _handle: int, line: int) -> int:
        return self._modes.get(line, 0)

    def gpio_claim_input(self, _handle: int, line: int, flags: int) -> int:
        self._chip.remove_event_detect(line)
        pull = self._chip.PUD_UP if flags & self.SET_PULL_UP else self._chip.PUD_OFF
        self._chip.setup(line, self._chip.IN, pull_up_down=pull)
        self._modes[line] = self.INPUT | flags
        return 0

    def gpio_claim_output(self, _handle: int, line: int, level: int, _flags: int) -> int:
        self._chip.setup(line, self._chip.OUT, initial=int(level))
        self._modes[line] = self.OUTPUT
        return 0

    def gpio_claim_alert(self, _handle: int, line: int, edge: int, flags: int) -> int:
        assert edge == self.FALLING_EDGE
        assert flags & self.SET_PULL_UP, "watching a line must not take its pull-up away"
        self._modes[line] = self.ALERT | flags | edge << 17
        return 0

    def gpio_free(self, _handle: int, line: int) -> int:
        if line not in self._modes:
            raise self.error("GPIO not allocated")
        del self._modes[line]
        self._chip.cleanup([line])
        return 0

    def gpio_read(self, _handle: int, line: int) -> int:
        if line not in self._modes:
            raise self.error("GPIO not allocated")
        return self._chip.input(line)

    def gpio_write(self, _handle: int, line: int, level: int) -> int:
        self._chip.output(line, level)
        return 0

    def callback(self, _handle: int, line: int, *, func: Callable[[int, int, int, int], None]) -> _Callback:
        def called(line: int) -> None:
            func(_handle, line, 0, 0)

        self._chip.add_event_detect(line, self._chip.FALLING, callback=called)
        return _Callback(lambda: self._chip.remove_event_detect(line))

    def error_text(self, number: int) -> str:
        return f"error {number}"


class _Callback:
    def __init__(self, cancel: Callable[[], None]) -> None:
        self.cancel = cancel


@pytest.fixture(params=["the stand-in", "rpi-lgpio"])
def gpio(request: pytest.FixtureRequest, header: SimulatedHeader, monkeypatch: pytest.MonkeyPatch) -> Gpio:
    """The module that the drivers call: our stand-in, or rpi-lgpio's own code on the same electrical model."""
    if request.param == "the stand-in":
        module = SimulatedGpio(header)
    else:
        monkeypatch.setenv("RPI_LGPIO_REVISION", "c04170")  # a Pi 5
        monkeypatch.setitem(sys.modules, "lgpio", _LgpioOfTheModel(header))
        monkeypatch.delitem(sys.modules, "RPi.GPIO", raising=False)
        module = importlib.import_module("RPi.GPIO")  # type: ignore[assignment]
        monkeypatch.delitem(sys.modules, "RPi.GPIO")
    checked = cast("Gpio", module)
    checked.setmode(checked.BCM)
    return checked
