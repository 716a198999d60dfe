from __future__ import annotations

import pytest

from device.sim.clock import SimulatedClock
from device.sim.panel import SimulatedKeypad


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def keypad(clock: SimulatedClock) -> SimulatedKeypad:
    return SimulatedKeypad(clock, seed=20260401)
