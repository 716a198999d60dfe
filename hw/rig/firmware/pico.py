"""The board's parts on a Raspberry Pi Pico. `wiring.toml` beside this file says which pin goes where and why."""

import select
import sys
import time

import machine

from .core import Core
from .frames import LONGEST
from .parts import Parts

DATA, CLOCK, LATCH, OUTPUTS_OFF, LOOP = 2, 3, 4, 5, 6
ARM_PINS = {"left": 7, "right": 8, "plate": 9}
AWAY_US, TABLE_US, US_PER_MM = 2000, 1000, 10
"""Pulse widths: arm away, card flat on the unit, and one millimetre above it. To be found for each rig."""
SUPPLY_PIN = 10
PLUG_PINS = {"reader": 11, "camera": 12, "network": 13}
STOP_PIN, LIGHT_PIN = 14, 15
MUX_PINS = (16, 17, 18)
MUX_CHANNELS = {"lamp0": 0, "lamp1": 1, "lamp2": 2, "lamp3": 3, "lamp4": 4, "supply": 5, "room": 6}
REFERENCE_V = 3.3
MUX_SETTLE_US = 200
WATCHDOG_MS = 8000


class PicoParts(Parts):
    """Every output is safe while the chip is in reset: pull-ups keep the keys' outputs off, relays rest closed."""

    def __init__(self) -> None:
        pin = machine.Pin
        self.identity = "".join("{:02x}".format(byte) for byte in machine.unique_id())
        self._outputs_off = pin(OUTPUTS_OFF, pin.OUT, value=1)
        self._data, self._clock, self._latch = (pin(each, pin.OUT, value=0) for each in (DATA, CLOCK, LATCH))
        self._loop = pin(LOOP, pin.IN, pin.PULL_DOWN)
        self._arms = {name: machine.PWM(pin(each), freq=50) for name, each in ARM_PINS.items()}
        self._supply = pin(SUPPLY_PIN, pin.OUT, value=0)
        self._plugs = {name: pin(each, pin.OUT, value=0) for name, each in PLUG_PINS.items()}
        self._stop = pin(STOP_PIN, pin.IN, pin.PULL_UP)
        self._light = machine.PWM(pin(LIGHT_PIN), freq=20_000)
        self._mux = [pin(each, pin.OUT, value=0) for each in MUX_PINS]
        self._adc = machine.ADC(0)
        self._high_ms = 0
        self._seen_ms = time.ticks_ms()

    def now_ms(self) -> int:
        now = time.ticks_ms()
        self._high_ms += time.ticks_diff(now, self._seen_ms)  # the chip's own counter turns over after twelve days
        self._seen_ms = now
        return self._high_ms

    def keys(self, crossings: int) -> None:
        self._shift(crossings)
        self._latch.value(1)
        self._latch.value(0)
        self._outputs_off.value(0 if crossings else 1)

    def arm(self, name: str, height_mm: float) -> None:
        width_us = AWAY_US if height_mm < 0 else min(AWAY_US, TABLE_US + int(US_PER_MM * height_mm))
        self._arms[name].duty_ns(1000 * width_us)

    def arms_limp(self) -> None:
        for arm in self._arms.values():
            arm.duty_ns(0)

    def supply(self, *, on: bool) -> None:
        self._supply.value(0 if on else 1)

    def plug(self, name: str, *, in_place: bool) -> None:
        self._plugs[name].value(0 if in_place else 1)

    def light(self, percent: int) -> None:
        self._light.duty_u16(65_535 * percent // 100)

    def volts(self, channel: str) -> float:
        number = MUX_CHANNELS[channel]
        for bit, each in enumerate(self._mux):
            each.value(number >> bit & 1)
        time.sleep_us(MUX_SETTLE_US)
        return sum(self._adc.read_u16() for _ in range(16)) / 16 * REFERENCE_V / 65_535

    def stopped(self) -> bool:
        return self._stop.value() == 1

    def register_loop(self, pattern: int) -> int:
        self._outputs_off.value(1)
        self._shift(pattern)
        back = 0
        for _ in range(16):
            back = back << 1 | self._loop.value()
            self._clock.value(1)
            self._clock.value(0)
        return back

    def _shift(self, bits: int) -> None:
        for bit in range(15, -1, -1):
            self._data.value(bits >> bit & 1)
            self._clock.value(1)
            self._clock.value(0)


def run() -> None:
    """Serve the USB serial line for ever. The chip's own watchdog restarts it, safely, when this loop hangs."""
    core = Core(PicoParts())
    watchdog = machine.WDT(timeout=WATCHDOG_MS)
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    line = b""
    while True:
        watchdog.feed()
        if poller.poll(5):
            byte = sys.stdin.buffer.read(1)
            if byte == b"\n":
                sys.stdout.buffer.write(core.hear(line))
                line = b""
            elif len(line) <= LONGEST:
                line += byte
        sys.stdout.buffer.write(core.tick())
