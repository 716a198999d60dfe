from __future__ import annotations

import pytest

from device.domain.errors import Fault
from device.domain.prompts import Cue
from device.drivers.gpio import Gpio
from device.drivers.gpio_indicators import GpioIndicators
from device.panel.cues import INDICATORS, levels
from device.panel.pinout import LOW_AT_POWER_ON, Pinout
from device.sim.gpio import SimulatedGpio, SimulatedHeader

PINOUT = Pinout()


def lit(header: SimulatedHeader) -> set[str]:
    return {name for name, line in PINOUT.indicators.items() if header.level(line)}


@pytest.mark.parametrize("cue", Cue)
def test_lines_follow_the_levels_of_every_cue(gpio: Gpio, header: SimulatedHeader, cue: Cue) -> None:
    indicators = GpioIndicators(gpio, PINOUT)
    for tick in range(40):
        wanted = levels(cue, tick / 10)
        indicators.show(wanted)
        assert lit(header) == {name for name, on in wanted.items() if on}
    assert indicators.trouble is None


def test_nothing_is_lit_before_the_first_cue_or_after_the_last(gpio: Gpio, header: SimulatedHeader) -> None:
    indicators = GpioIndicators(gpio, PINOUT)
    assert lit(header) == set()
    indicators.show(dict.fromkeys(INDICATORS, True))
    assert lit(header) == set(INDICATORS)
    indicators.close()
    assert header.lines == {}


def test_lines_that_cannot_be_had_are_refused_at_the_start(header: SimulatedHeader) -> None:
    with pytest.raises(Fault, match="lamps and buzzer"):
        GpioIndicators(SimulatedGpio(header), PINOUT)


def test_the_pinout_as_delivered_is_sound_and_dark_at_power_on() -> None:
    assert PINOUT.complaint() is None
    assert all(line in LOW_AT_POWER_ON for line in PINOUT.indicators.values())
    buses = {0, 1, 2, 3, 7, 8, 9, 10, 11, 14, 15, 18, 19, 21}
    used = {*PINOUT.rows, *PINOUT.columns, *PINOUT.indicators.values()}
    assert not used & buses, "what HATs, buses and a sound card need is left free"


@pytest.mark.parametrize(
    ("pinout", "said"),
    [
        (Pinout(ready=28), "GPIO28 is not on the header"),
        (Pinout(rows=(4, 5, 6, -1)), "GPIO-1 is not on the header"),
        (Pinout(staff=17), "GPIO17 is used twice"),
        (Pinout(columns=(16, 12, 25, 4)), "GPIO4 is used twice"),
        (Pinout(buzzer=7), "buzzer on GPIO7 would be on from power-on"),
    ],
)
def test_what_cannot_be_wired_like_this_is_said(pinout: Pinout, said: str) -> None:
    assert said in (pinout.complaint() or "")
