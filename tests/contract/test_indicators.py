"""What lamps and buzzer promise: in memory, on the header by both GPIO packages, printed, and where they come late."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Protocol, cast

import pytest

from device.app.late_parts import LateIndicators
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.console import ConsoleIndicators
from device.drivers.gpio import Gpio
from device.drivers.gpio_indicators import GpioIndicators
from device.panel.cues import BUZZER
from device.panel.lamps import LAMPS
from device.panel.pinout import Pinout
from device.ports.panel import Indicators
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.sim.panel import RecordingIndicators

PINOUT = Pinout()


class LampStage(Protocol):
    """Lamps and buzzer, and eyes and ears."""

    indicators: Indicators

    def shows(self, lamps: set[str]) -> bool:
        """Tell whether these lamps shine, and no others."""

    def buzzes(self) -> bool: ...


class BreakableLamps(LampStage, Protocol):
    """Lamps whose header can go away."""

    def break_it(self) -> None: ...

    def mend_it(self) -> None: ...


class MemoryLamps:
    def __init__(self) -> None:
        self._recorded = RecordingIndicators(SimulatedClock())
        self.indicators: Indicators = self._recorded

    def shows(self, lamps: set[str]) -> bool:
        return set(self._recorded.levels) - {BUZZER} == lamps

    def buzzes(self) -> bool:
        return BUZZER in self._recorded.levels


class HeaderLamps:
    def __init__(self, parts: ExitStack, load: Callable[[SimulatedHeader], Gpio], *, late: bool = False) -> None:
        clock = SimulatedClock()
        self._header = SimulatedHeader(clock, SimulatedContacts(clock))
        self._gpio = load(self._header)
        self._gpio.setmode(self._gpio.BCM)
        driver = parts.enter_context(closing(GpioIndicators(self._gpio, PINOUT)))
        self.indicators: Indicators = driver
        if late:
            answers: Iterator[Fault | GpioIndicators] = iter(
                [Fault("no header yet", part="panel", reason=Reason.PANEL_FAULT), driver]
            )
            self.indicators = LateIndicators(lambda: given(next(answers)), clock)
            assert self.indicators.trouble is not None
            clock.advance(10.0)

    def shows(self, lamps: set[str]) -> bool:
        return {lamp for lamp in LAMPS if self._header.level(PINOUT.indicators[lamp])} == lamps

    def buzzes(self) -> bool:
        return bool(self._header.level(PINOUT.indicators[BUZZER]))

    def break_it(self) -> None:
        cast("SimulatedGpio", self._gpio).gone = True

    def mend_it(self) -> None:
        cast("SimulatedGpio", self._gpio).gone = False


class PrintedLamps:
    """What is printed is what is lit; that nothing is, is not worth a line."""

    def __init__(self) -> None:
        self._paper = io.StringIO()
        self.indicators = ConsoleIndicators(self._paper)

    def lines(self) -> list[str]:
        return self._paper.getvalue().splitlines()


def given(answer: Fault | GpioIndicators) -> GpioIndicators:
    if isinstance(answer, Fault):
        raise answer
    return answer


@pytest.fixture
def memory_lamps() -> LampStage:
    return MemoryLamps()


@pytest.fixture
def gpio_lamps() -> Iterator[BreakableLamps]:
    with ExitStack() as parts:
        yield HeaderLamps(parts, lambda header: cast("Gpio", SimulatedGpio(header)))


@pytest.fixture
def lgpio_lamps(rpi_lgpio: Callable[[SimulatedHeader], Gpio]) -> Iterator[LampStage]:
    with ExitStack() as parts:
        yield HeaderLamps(parts, rpi_lgpio)


@pytest.fixture
def late_lamps() -> Iterator[BreakableLamps]:
    with ExitStack() as parts:
        yield HeaderLamps(parts, lambda header: cast("Gpio", SimulatedGpio(header)), late=True)


@pytest.fixture(params=["memory", "gpio", "lgpio", "late"])
def lamp_stage(request: pytest.FixtureRequest) -> LampStage:
    chosen: LampStage = request.getfixturevalue(f"{request.param}_lamps")
    return chosen


@pytest.fixture(params=["gpio", "late"])
def breakable_lamp_stage(request: pytest.FixtureRequest) -> BreakableLamps:
    chosen: BreakableLamps = request.getfixturevalue(f"{request.param}_lamps")
    return chosen


def test_everything_is_dark_and_silent_until_something_is_shown(lamp_stage: LampStage) -> None:
    assert lamp_stage.shows(set())
    assert not lamp_stage.buzzes()
    assert lamp_stage.indicators.trouble is None


def test_each_lamp_shines_alone(lamp_stage: LampStage) -> None:
    for lamp in LAMPS:
        lamp_stage.indicators.show({lamp: True})
        assert lamp_stage.shows({lamp})


def test_what_is_not_named_is_off_and_so_is_what_is_told_to_be(lamp_stage: LampStage) -> None:
    one, two, *_ = LAMPS
    lamp_stage.indicators.show(dict.fromkeys(LAMPS, True))
    assert lamp_stage.shows(set(LAMPS))
    lamp_stage.indicators.show({one: True, two: False})
    assert lamp_stage.shows({one})
    lamp_stage.indicators.show({})
    assert lamp_stage.shows(set())


def test_the_same_shown_again_changes_nothing(lamp_stage: LampStage) -> None:
    for _ in range(3):
        lamp_stage.indicators.show({LAMPS[0]: True})
        assert lamp_stage.shows({LAMPS[0]})


def test_the_buzzer_sounds_without_a_lamp_and_stops(lamp_stage: LampStage) -> None:
    lamp_stage.indicators.show({BUZZER: True})
    assert lamp_stage.buzzes()
    assert lamp_stage.shows(set())
    lamp_stage.indicators.show({})
    assert not lamp_stage.buzzes()


def test_lamps_that_are_gone_say_so_raise_nothing_and_come_back(breakable_lamp_stage: BreakableLamps) -> None:
    stage = breakable_lamp_stage
    stage.indicators.show({})
    stage.break_it()
    for _ in range(2):
        stage.indicators.show({LAMPS[0]: True})
        assert stage.indicators.trouble is not None
        assert stage.indicators.trouble.reason is Reason.PANEL_FAULT
    stage.mend_it()
    stage.indicators.show({LAMPS[1]: True})
    assert stage.shows({LAMPS[1]})
    assert stage.indicators.trouble is None


def test_printed_lamps_are_told_once_a_change_and_never_in_trouble() -> None:
    printed = PrintedLamps()
    for levels in ({}, {"ready": True}, {"ready": True}, {"ready": True, "card": True, BUZZER: True}, {}):
        printed.indicators.show(levels)
    assert printed.lines() == ["lamps: ready", "lamps: card ready"]
    assert printed.indicators.trouble is None
