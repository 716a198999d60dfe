"""What the panel costs while nobody touches it: asleep until an edge, against scanning all the time.

The chip is a table of levels, so this is our own code's cost; a real chip adds the kernel's for each call, and calls
are what is saved.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from device.app.health import Health
from device.app.mailbox import Mailbox
from device.app.panel_desk import PanelDesk
from device.domain.prompts import Cue
from device.drivers.gpio_indicators import GpioIndicators
from device.drivers.gpio_keypad import GpioKeypad
from device.drivers.system import SystemClock
from device.panel.keys import KeyDecoder
from device.panel.pad import PAD_4X3
from device.panel.pinout import Pinout
from device.panel.watch import SCAN_S
from device.reception import Policy
from device.sim.panel import RecordingVoice


class QuietChip:
    """Nothing is pressed; what is driven reads as driven. Counts calls."""

    BCM, OUT, IN, LOW, HIGH, PUD_OFF, PUD_UP, FALLING = 11, 0, 1, 0, 1, 20, 22, 32

    def __init__(self) -> None:
        self.calls = 0

    def setmode(self, _mode: int) -> None:
        """Any numbering will do."""

    def setwarnings(self, _value: bool) -> None:  # noqa: FBT001  the module's signature
        """There are none."""

    def setup(self, channel: int, direction: int, pull_up_down: int = 20, initial: int = 0) -> None:  # noqa: ARG002
        """Count."""
        self.calls += 1

    def input(self, _channel: int) -> int:
        """Read high: nothing is pressed."""
        self.calls += 1
        return self.HIGH

    def output(self, _channel: int, _value: int) -> None:
        """Count."""
        self.calls += 1

    def add_event_detect(self, channel: int, edge: int, callback: Callable[[int], None] | None = None) -> None:  # noqa: ARG002
        """Nothing will ever happen."""
        self.calls += 1

    def remove_event_detect(self, _channel: int) -> None:
        """Count."""
        self.calls += 1

    def cleanup(self, _channel: list[int]) -> None:
        """Count."""
        self.calls += 1


@dataclass(frozen=True, slots=True)
class PanelCost:
    """One way to wait for a key."""

    way: str
    cpu_percent: float
    """Of one core."""
    calls_per_s: float
    """Of the chip."""


def measure(seconds: float) -> list[PanelCost]:
    """Return the cost of resting with a steady and a moving cue, and of scanning all the time."""
    return [
        _resting("at rest, lamps steady", Cue.IDLE, seconds),
        _resting("at rest, a lamp blinking", Cue.READING, seconds),
        _scanning("scanning every 5 ms instead", seconds),
    ]


def say(costs: list[PanelCost]) -> list[str]:
    """Return the figures as lines; the last way is what the others are compared with."""
    whole = costs[-1].cpu_percent
    lines = ["The panel while nobody touches it (aim: at most 1 % of a core)"]
    for cost in costs:
        share = f"{cost.cpu_percent:>6.2f} %  {cost.cpu_percent / whole:>6.3f}x" if whole else "nothing measured"
        lines.append(f"  {cost.way:30}{share}  {cost.calls_per_s:>8.0f} calls of the chip a second")
    return lines


def _resting(way: str, cue: Cue, seconds: float) -> PanelCost:
    chip, clock = QuietChip(), SystemClock()
    desk = PanelDesk(
        keypad=GpioKeypad(chip, PAD_4X3, Pinout(), clock),
        indicators=GpioIndicators(chip, Pinout()),
        voice=RecordingVoice(clock),
        language="ja",
        quiet=False,
        clock=clock,
        mailbox=Mailbox(clock=clock, policy=Policy),
        health=Health(lambda _: None),
    )
    desk.show(cue)
    thread = threading.Thread(target=desk.run, daemon=True)
    thread.start()
    cost = _spent(way, chip, lambda: time.sleep(seconds), seconds)
    desk.stop()
    thread.join()
    return cost


def _scanning(way: str, seconds: float) -> PanelCost:
    chip, clock = QuietChip(), SystemClock()
    keypad, decoder = GpioKeypad(chip, PAD_4X3, Pinout(), clock), KeyDecoder()

    def scan() -> None:
        end_s = clock.monotonic_s() + seconds
        while clock.monotonic_s() < end_s:
            decoder.feed(keypad.scan())
            time.sleep(SCAN_S)

    return _spent(way, chip, scan, seconds)


def _spent(way: str, chip: QuietChip, work: Callable[[], None], seconds: float) -> PanelCost:
    before_s, before = time.process_time(), chip.calls
    work()
    return PanelCost(way, 100 * (time.process_time() - before_s) / seconds, (chip.calls - before) / seconds)
