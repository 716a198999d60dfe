"""Lamps and buzzer on a chip that the kernel simulates: looked at from outside."""

from __future__ import annotations

from contextlib import closing

from device.drivers.gpio import Gpio
from device.drivers.gpio_indicators import GpioIndicators
from device.panel.pinout import Pinout
from vm.simulated_header import SimulatedLine


def lit(pinout: Pinout) -> set[str]:
    return {name for name, number in pinout.indicators.items() if SimulatedLine(number).high}


def test_each_lamp_and_the_buzzer_light_alone_and_together(gpio: Gpio, pinout: Pinout) -> None:
    with closing(GpioIndicators(gpio, pinout)) as indicators:
        assert lit(pinout) == set()
        for name in pinout.indicators:
            indicators.show({name: True})
            assert lit(pinout) == {name}
        indicators.show(dict.fromkeys(pinout.indicators, True))
        assert lit(pinout) == set(pinout.indicators)
        assert indicators.trouble is None


def test_closing_puts_everything_out(gpio: Gpio, pinout: Pinout) -> None:
    indicators = GpioIndicators(gpio, pinout)
    indicators.show({"staff": True, "buzzer": True})
    indicators.close()

    assert lit(pinout) == set()
