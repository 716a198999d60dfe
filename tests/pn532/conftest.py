from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from device.drivers.pn532 import Pn532Reader, Timing, open_pn532
from device.sim.pn532 import Misbehaviour, SimulatedPn532

# The times that a test may have to wait out are short; they bound nothing that works.
TIMING = Timing(ack_s=0.5, gap_s=0.1, command_s=0.5, exchange_s=0.5, poll_s=0.01, field_off_s=0.0)

MakeHat = Callable[..., tuple[SimulatedPn532, Pn532Reader]]


@pytest.fixture
def timing() -> Timing:
    return TIMING


@pytest.fixture
def make_hat(tmp_path: Path) -> Iterator[MakeHat]:
    """Give a simulated HAT with the given misbehaviours, and the reader at its serial line."""
    with ExitStack() as parts:

        def make(*misbehaviours: Misbehaviour, timing: Timing = TIMING) -> tuple[SimulatedPn532, Pn532Reader]:
            hat = parts.enter_context(SimulatedPn532(tmp_path, misbehaviours))
            reader = open_pn532(f"uart:{hat.device}", timing=timing)
            parts.callback(reader.close)
            return hat, reader

        yield make
