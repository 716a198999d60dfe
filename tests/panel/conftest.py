from __future__ import annotations

from collections.abc import Callable
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


@pytest.fixture(params=["the stand-in", "rpi-lgpio"])
def gpio(request: pytest.FixtureRequest, header: SimulatedHeader, rpi_lgpio: Callable[[SimulatedHeader], Gpio]) -> Gpio:
    """The module that the drivers call: our stand-in, or rpi-lgpio's own code on the same electrical model."""
    module = cast("Gpio", SimulatedGpio(header)) if request.param == "the stand-in" else rpi_lgpio(header)
    module.setmode(module.BCM)
    return module
