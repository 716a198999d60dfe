"""Lamps and an active buzzer on the Pi's header, each switched by a transistor: high is on."""

from __future__ import annotations

from collections.abc import Mapping

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.gpio import Gpio, gpio_fault, let_go
from device.panel.pinout import Pinout


class GpioIndicators:
    """On and off is all: rhythm is data (`device.panel.patterns`), and both GPIO packages only have a software PWM."""

    def __init__(self, gpio: Gpio, pinout: Pinout) -> None:
        """Take the lines, all off. Raise Fault when somebody else has one."""
        self._gpio = gpio
        self._lines = pinout.indicators
        self.trouble: Fault | None = None
        try:
            for line in self._lines.values():
                gpio.setup(line, gpio.OUT, initial=gpio.LOW)
        except Exception as error:
            let_go(gpio, self._lines.values())
            raise gpio_fault(
                "the lines of lamps and buzzer cannot be used", error, reason=Reason.PANEL_FAULT
            ) from error

    def close(self) -> None:
        """All off, and let the lines go; harmless when the header is gone."""
        self.show({})
        let_go(self._gpio, self._lines.values())

    def show(self, levels: Mapping[str, bool]) -> None:
        """Set every line."""
        try:
            for name, line in self._lines.items():
                self._gpio.output(line, self._gpio.HIGH if levels.get(name, False) else self._gpio.LOW)
        except Exception as error:  # noqa: BLE001  see gpio_fault
            self.trouble = gpio_fault("lamps and buzzer do not answer", error, reason=Reason.PANEL_FAULT)
        else:
            self.trouble = None
