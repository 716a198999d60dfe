"""The small display: luma's own code for the chip on a model of the chip, and what fits on it."""

from __future__ import annotations

import importlib
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.app.display_desk import DisplayDesk, Telling
from device.app.health import Health
from device.domain.errors import BadConfig, Fault
from device.domain.prompts import Cue
from device.domain.reasons import Reason
from device.drivers.oled import OledDisplay, open_oled
from device.panel.captions import COLUMNS, PAGE_S, ROWS, screen_at, width, wrapped
from device.ports.panel import Screen
from device.sim.clock import SimulatedClock
from device.sim.oled import Ssd1306Bus
from device.wire.phrases import cue_name
from device.wire.sayings import sayings
from device.wire.texts import LANGUAGES

# luma.oled 3.16 reads pixels in a way that Pillow 14 will no longer have; the lock holds Pillow until luma has changed.
pytestmark = pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")

FONT = Path("/usr/share/fonts/opentype/ipafont-gothic/ipag.ttf")


@pytest.fixture
def bus() -> Ssd1306Bus:
    return Ssd1306Bus()


@pytest.fixture
def display(bus: Ssd1306Bus) -> OledDisplay:
    interface = importlib.import_module("luma.core.interface.serial").i2c(bus=bus, address=0x3C)
    return OledDisplay(importlib.import_module("luma.oled.device").ssd1306(interface), FONT)


def test_what_is_drawn_is_what_the_chip_shows(display: OledDisplay, bus: Ssd1306Bus) -> None:
    screen = Screen("カードを取る", ("受付ができました。", "カードをお取り", "ください。"))
    display.show(screen)

    assert bus.lit
    assert display.trouble is None
    assert (bus.picture() == np.asarray(display.draw(screen))).all()
    assert bus.picture()[:20].any()
    assert bus.picture()[26:].any()


def test_the_languages_and_cues_look_different(display: OledDisplay) -> None:
    pictures = {display.draw(Screen(cue_name(cue, language))).tobytes() for cue, language in product(Cue, LANGUAGES)}
    assert len(pictures) == len(Cue) * len(LANGUAGES)


def test_every_headline_and_every_sentence_fits(display: OledDisplay) -> None:
    for cue, language in product(Cue, LANGUAGES):
        assert width(cue_name(cue, language)) <= 16, "eight Japanese characters of 16 pixels"
    for saying in sayings():
        lines = wrapped(saying.text)
        assert all(width(line) <= COLUMNS + 2 for line in lines), "a full stop may stand in the margin"
        assert "".join(lines).replace(" ", "") == saying.text.replace(" ", ""), "and nothing is lost"
    assert np.asarray(display.draw(Screen("", ("m" * COLUMNS,) * ROWS))).any()


def test_without_a_bus_the_fault_says_what_to_look_at() -> None:
    with pytest.raises(Fault, match="is it connected, the bus switched on"):
        open_oled("ssd1306", bus=20, address=0x3C, font=FONT)


def test_a_typeface_that_is_none_is_named(tmp_path: Path, bus: Ssd1306Bus) -> None:
    interface = importlib.import_module("luma.core.interface.serial").i2c(bus=bus, address=0x3C)
    with pytest.raises(BadConfig, match="display_font"):
        OledDisplay(importlib.import_module("luma.oled.device").ssd1306(interface), tmp_path / "none.ttf")


# --- pages -----------------------------------------------------------------------------------------------------------


def test_long_sentences_are_turned_over_and_come_round_again() -> None:
    text = "カードを読んでいます。そのままお待ちください。" * 3
    pages = [screen_at("x", text, at * PAGE_S + 0.1).lines for at in range(4)]

    assert len(set(pages)) == 3
    assert pages[3] == pages[0]
    assert "".join(line for page in pages[:3] for line in page) == text
    assert screen_at("x", "", 5.0) == Screen("x")


def test_english_breaks_between_words_and_japanese_never_before_a_full_stop() -> None:
    assert wrapped("Please take your My Number Card") == ("Please take your My", "Number Card")
    assert wrapped("カードをお取りください。") == ("カードをお取りくださ", "い。")
    assert wrapped("あいうえおかきくけこ。") == ("あいうえおかきくけこ。",)


@settings(deadline=None)
@given(st.text("あ。 ab、(", max_size=80))
def test_no_text_is_lost_and_no_line_is_empty(text: str) -> None:
    lines = wrapped(text)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(lines)


# --- the desk --------------------------------------------------------------------------------------------------------


class RecordingDisplay:
    def __init__(self) -> None:
        self.screens: list[Screen] = []
        self.trouble: Fault | None = None

    def show(self, screen: Screen) -> None:
        self.screens.append(screen)


def test_the_display_follows_lamps_voice_and_language_and_is_sent_nothing_twice(clock: SimulatedClock) -> None:
    display = RecordingDisplay()
    telling: list[Telling] = [(Cue.IDLE, "", "ja")]
    desk = DisplayDesk(display, lambda: telling[-1], clock=clock, health=Health(lambda _: None))
    desk.poll()
    desk.poll()
    telling.append((Cue.TAKE_CARD, "カードをお取りください。", "ja"))
    desk.poll()
    telling.append((Cue.TAKE_CARD, "Please take your card.", "en"))
    desk.poll()

    assert [screen.headline for screen in display.screens] == ["カードをどうぞ", "カードを取る", "Take card"]
    assert display.screens[-1].lines == ("Please take your", "card.")


def test_a_display_in_trouble_is_reported_and_tried_again(clock: SimulatedClock) -> None:
    display, health = RecordingDisplay(), Health(lambda _: None)
    desk = DisplayDesk(display, lambda: (Cue.IDLE, "", "ja"), clock=clock, health=health)
    display.trouble = Fault("gone", part="display", reason=Reason.PANEL_FAULT)
    desk.poll()
    desk.poll()
    assert len(display.screens) == 2, "though nothing changed"
    assert set(health.troubles) == {Reason.PANEL_FAULT}
    display.trouble = None
    desk.poll()
    assert not health.troubles
