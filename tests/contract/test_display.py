"""What every small display promises: luma's own code for the chip, on a model of the chip."""

from __future__ import annotations

import importlib
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from device.domain.reasons import Reason
from device.drivers.oled import OledDisplay
from device.ports.panel import Display, Screen
from device.sim.oled import ADDRESS, Ssd1306Bus

# luma.oled 3.16 reads pixels in a way that Pillow 14 will no longer have; the lock holds Pillow until luma has changed.
pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")

FONT = Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf")
SCREENS = (
    Screen("カードを取る", ("受付ができました。",)),
    Screen("Take card", ("Please take your", "card.")),
    Screen("", ("一行だけ",)),
)


class DisplayStage(Protocol):
    """A display, eyes, and its cable."""

    display: Display

    def shows(self, screen: Screen) -> bool:
        """Tell whether this is to be read there, as it would be on a display that is new."""

    def is_dark(self) -> bool: ...

    def unplug(self) -> None: ...

    def plug(self) -> None: ...


class Ssd1306Stage:
    def __init__(self) -> None:
        self._bus = Ssd1306Bus()
        interface = importlib.import_module("luma.core.interface.serial").i2c(bus=self._bus, address=ADDRESS)
        self._oled = OledDisplay(importlib.import_module("luma.oled.device").ssd1306(interface), FONT)
        self.display: Display = self._oled

    def shows(self, screen: Screen) -> bool:
        drawn = np.asarray(self._oled.draw(screen))
        return self._bus.lit and bool(drawn.any()) and np.array_equal(self._bus.picture(), drawn)

    def is_dark(self) -> bool:
        return not (self._bus.lit and self._bus.picture().any())

    def unplug(self) -> None:
        self._bus.gone = True

    def plug(self) -> None:
        self._bus.gone = False


@pytest.fixture
def ssd1306_display() -> DisplayStage:
    return Ssd1306Stage()


@pytest.fixture(params=["ssd1306"])
def display_stage(request: pytest.FixtureRequest) -> DisplayStage:
    chosen: DisplayStage = request.getfixturevalue(f"{request.param}_display")
    return chosen


def test_a_screen_is_seen_and_another_one_in_its_place(display_stage: DisplayStage) -> None:
    for before, screen in pairwise((SCREENS[-1], *SCREENS)):
        display_stage.display.show(screen)
        assert display_stage.shows(screen)
        assert not display_stage.shows(before)
    assert display_stage.display.trouble is None


def test_nothing_stays_of_what_was_shown_before(display_stage: DisplayStage) -> None:
    for screen in (*SCREENS, SCREENS[0]):
        display_stage.display.show(screen)
    assert display_stage.shows(SCREENS[0])


def test_an_empty_screen_is_dark(display_stage: DisplayStage) -> None:
    display_stage.display.show(SCREENS[0])
    display_stage.display.show(Screen(""))
    assert display_stage.is_dark()


def test_text_that_does_not_fit_is_no_trouble(display_stage: DisplayStage) -> None:
    display_stage.display.show(Screen("長" * 100, tuple("m" * 100 for _ in range(20))))
    assert display_stage.display.trouble is None
    assert not display_stage.is_dark()


def test_a_display_that_is_gone_says_so_raises_nothing_and_comes_back(display_stage: DisplayStage) -> None:
    display_stage.unplug()
    for _ in range(2):
        display_stage.display.show(SCREENS[0])
        trouble = display_stage.display.trouble
        assert trouble is not None
        assert trouble.reason is Reason.PANEL_FAULT
    display_stage.plug()
    display_stage.display.show(SCREENS[1])
    assert display_stage.display.trouble is None
    assert display_stage.shows(SCREENS[1])
