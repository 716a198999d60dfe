"""What every small display promises: luma's own code for the chip, on a model of the chip."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
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

    def seen(self) -> npt.NDArray[np.bool_]: ...

    def unplug(self) -> None: ...

    def plug(self) -> None: ...


class Ssd1306Stage:
    def __init__(self) -> None:
        self._bus = Ssd1306Bus()
        interface = importlib.import_module("luma.core.interface.serial").i2c(bus=self._bus, address=ADDRESS)
        self.display: Display = OledDisplay(importlib.import_module("luma.oled.device").ssd1306(interface), FONT)

    def seen(self) -> npt.NDArray[np.bool_]:
        return self._bus.picture().copy() if self._bus.lit else np.zeros((64, 128), bool)

    def unplug(self) -> None:
        self._bus.gone = True

    def plug(self) -> None:
        self._bus.gone = False


@pytest.fixture(params=["ssd1306"])
def display_stage(request: pytest.FixtureRequest) -> DisplayStage:
    del request
    return Ssd1306Stage()


def test_a_screen_is_seen_and_another_one_in_its_place(display_stage: DisplayStage) -> None:
    pictures = []
    for screen in SCREENS:
        display_stage.display.show(screen)
        pictures.append(display_stage.seen().tobytes())
        assert display_stage.seen().any()
    assert len(set(pictures)) == len(SCREENS)
    assert display_stage.display.trouble is None


def test_the_same_screen_is_the_same_picture_whatever_was_shown_before(display_stage: DisplayStage) -> None:
    first, *others = SCREENS
    display_stage.display.show(first)
    picture = display_stage.seen()
    for other in others:
        display_stage.display.show(other)
    display_stage.display.show(first)
    assert np.array_equal(display_stage.seen(), picture)


def test_an_empty_screen_is_dark(display_stage: DisplayStage) -> None:
    display_stage.display.show(SCREENS[0])
    display_stage.display.show(Screen(""))
    assert not display_stage.seen().any()


def test_text_that_does_not_fit_is_no_trouble(display_stage: DisplayStage) -> None:
    display_stage.display.show(Screen("長" * 100, tuple("m" * 100 for _ in range(20))))
    assert display_stage.display.trouble is None
    assert display_stage.seen().any()


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
    assert display_stage.seen().any()
