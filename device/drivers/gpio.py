"""The Pi's header through the interface of `RPi.GPIO`, which two packages give under the same name.

RPi.GPIO 0.7 writes the chip's registers: not on a Pi 5, and its edges fail on kernels from 6.6 on (raspberrypi/linux
#6037). rpi-lgpio 0.6 asks the kernel: every board. Only what both understand alike is used here.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Iterable
from typing import Protocol, cast

from device.domain.errors import Fault
from device.domain.reasons import Reason

log = logging.getLogger(__name__)

INSTALL = (
    "install rpi-lgpio (pip install 'uketsuke[gpio]', or python3-rpi-lgpio from the OS), not RPi.GPIO beside it, "
    "and let the program into the group gpio"
)


class Gpio(Protocol):
    """What is used of the module."""

    BCM: int
    IN: int
    OUT: int
    LOW: int
    HIGH: int
    PUD_OFF: int
    PUD_UP: int
    FALLING: int

    def setmode(self, mode: int, /) -> None:
        """Choose how lines are numbered."""

    def setwarnings(self, value: bool, /) -> None:  # noqa: FBT001  the module's signature
        """Say whether to warn of lines that somebody else may have left in use."""

    def setup(self, channel: int, direction: int, pull_up_down: int = ..., initial: int = ...) -> None:
        """Make a line an input, or an output with a first level."""

    def input(self, channel: int, /) -> int:
        """Return a line's level."""

    def output(self, channel: int, value: int, /) -> None:
        """Set an output's level."""

    def add_event_detect(self, channel: int, edge: int, callback: Callable[[int], None] | None = ...) -> None:
        """Have a thread of the module call back at each edge."""

    def remove_event_detect(self, channel: int, /) -> None:
        """End that."""

    def cleanup(self, channel: list[int], /) -> None:
        """Let lines go: they are inputs without pull again."""


def open_gpio() -> Gpio:
    """Return the module, set to the BCM's numbers. Raise Fault(KEYPAD_FAULT) saying what to install where it cannot."""
    try:
        gpio = cast("Gpio", importlib.import_module("RPi.GPIO"))
        gpio.setwarnings(False)  # noqa: FBT003  the module's signature
        gpio.setmode(gpio.BCM)
    except Exception as error:
        raise gpio_fault("the header cannot be used", error) from error
    return gpio


def gpio_fault(what: str, error: Exception, *, reason: Reason = Reason.KEYPAD_FAULT) -> Fault:
    """Return the fault for whatever the module raised.

    It raises ImportError, RuntimeError (also at import, off a Pi), ValueError, OSError, and rpi-lgpio beside them
    lgpio's own plain Exception: who calls the module therefore catches Exception.
    """
    return Fault(f"{what}: {error}; {INSTALL}", part="panel", reason=reason)


def let_go(gpio: Gpio, lines: Iterable[int]) -> None:
    """Let each line go that is ours; harmless where one is somebody else's, or where the header is gone."""
    for line in lines:
        try:
            gpio.cleanup([line])
        except Exception as error:  # noqa: BLE001  see gpio_fault
            log.debug("GPIO%d not let go: %s", line, error)
