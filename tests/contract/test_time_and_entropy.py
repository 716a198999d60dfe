"""What every clock and every source of randomness promises, real or simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from device.drivers.system import SystemClock, SystemEntropy
from device.ports.clock import Clock
from device.ports.entropy import Entropy
from device.sim.clock import SimulatedClock
from device.sim.entropy import SeededEntropy

CLOCKS: dict[str, Callable[[], Clock]] = {"system": SystemClock, "simulated": SimulatedClock}
SOURCES: dict[str, Callable[[], Entropy]] = {"system": SystemEntropy, "seeded": lambda: SeededEntropy(7)}


@pytest.fixture(params=list(CLOCKS))
def clock(request: pytest.FixtureRequest) -> Clock:
    return CLOCKS[request.param]()


@pytest.fixture(params=list(SOURCES))
def entropy(request: pytest.FixtureRequest) -> Entropy:
    return SOURCES[request.param]()


def test_time_never_goes_back(clock: Clock) -> None:
    readings = [clock.monotonic_s() for _ in range(100)]

    assert readings == sorted(readings)


def test_the_wall_clock_knows_its_zone(clock: Clock) -> None:
    assert clock.utc_now().utcoffset() == timedelta(0)


def test_a_wall_clock_is_vouched_for_or_not_given(clock: Clock) -> None:
    vouched = clock.utc_now_if_trusted()
    assert vouched is None or vouched.utcoffset() == timedelta(0)


def test_a_simulated_clock_can_be_doubted() -> None:
    clock = SimulatedClock()
    assert clock.utc_now_if_trusted() == clock.utc_now()
    clock.doubt()
    assert clock.utc_now_if_trusted() is None


@pytest.mark.parametrize("length", [0, 1, 16, 32])
def test_tokens_are_as_long_as_asked_for(entropy: Entropy, length: int) -> None:
    assert len(entropy.token(length)) == length


def test_no_two_tokens_are_the_same(entropy: Entropy) -> None:
    assert len({entropy.token(16) for _ in range(100)}) == 100


def test_simulated_time_passes_only_when_told_to() -> None:
    clock = SimulatedClock(datetime(2026, 4, 1, 9, tzinfo=timezone(timedelta(hours=9))))
    assert (clock.monotonic_s(), clock.utc_now()) == (0.0, datetime(2026, 4, 1, 0, tzinfo=UTC))

    clock.advance(90.5)

    assert (clock.monotonic_s(), clock.utc_now()) == (90.5, datetime(2026, 4, 1, 0, 1, 30, 500_000, tzinfo=UTC))


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_simulated_time_takes_no_impossible_step(seconds: float) -> None:
    clock = SimulatedClock()
    with pytest.raises(ValueError, match="forwards"):
        clock.advance(seconds)
    assert clock.monotonic_s() == 0.0


def test_a_simulated_start_must_say_its_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        SimulatedClock(datetime(2026, 4, 1))  # noqa: DTZ001  the mistake itself


def test_the_same_seed_tells_the_same_story() -> None:
    one, same, other = SeededEntropy(1), SeededEntropy(1), SeededEntropy(2)
    tokens = [one.token(8), one.token(8)]

    assert tokens == [same.token(8), same.token(8)]
    assert tokens != [other.token(8), other.token(8)]
