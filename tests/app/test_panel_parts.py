"""A configuration picks the panel's drivers; what cannot be opened is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from device.app.config import PanelSection, VoiceSection
from device.app.panel_parts import open_panel
from device.domain.errors import BadConfig, Fault
from device.drivers.alsa_voice import AlsaVoice
from device.drivers.console import ConsoleIndicators, ConsoleKeypad, ConsoleVoice
from device.drivers.gpio_indicators import GpioIndicators
from device.drivers.gpio_keypad import GpioKeypad
from device.panel.pinout import Pinout
from device.panel.speech import file_name
from device.sim.clock import SimulatedClock
from device.sim.contacts import SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.wire.sayings import sayings

GPIO = PanelSection(kind="gpio", pad="4x3")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def header(clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> SimulatedHeader:
    """What `import RPi.GPIO` finds is the stand-in."""
    header = SimulatedHeader(clock, SimulatedContacts(clock))
    monkeypatch.setitem(sys.modules, "RPi.GPIO", SimulatedGpio(header))
    return header


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_without_a_word_in_the_configuration_the_panel_is_the_terminal(stack: ExitStack, clock: SimulatedClock) -> None:
    parts = open_panel(PanelSection(), VoiceSection(), stack, clock)

    assert isinstance(parts.keypad, ConsoleKeypad)
    assert isinstance(parts.indicators, ConsoleIndicators)
    assert isinstance(parts.voice, ConsoleVoice)
    assert parts.display is None


def test_a_panel_on_the_header_takes_its_lines_and_lets_them_go(clock: SimulatedClock, header: SimulatedHeader) -> None:
    with ExitStack() as stack:
        parts = open_panel(GPIO, VoiceSection(), stack, clock)
        assert isinstance(parts.keypad, GpioKeypad)
        assert isinstance(parts.indicators, GpioIndicators)
        pinout = Pinout()
        assert header.lines.keys() == {*pinout.rows, *pinout.columns[:3], *pinout.indicators.values()}
        assert parts.wiring is not None
        assert parts.wiring() == ()
    assert header.lines == {}


def test_a_loudspeaker_needs_every_sentence(stack: ExitStack, clock: SimulatedClock, tmp_path: Path) -> None:
    voice = VoiceSection(device="speaker", files=tmp_path)
    for saying in list(sayings())[1:]:
        (tmp_path / file_name(saying.language, saying.text)).touch()
    with pytest.raises(BadConfig, match=r"\[voice\] files.*1 sentences have no file in"):
        open_panel(PanelSection(), voice, stack, clock)

    first = next(sayings())
    (tmp_path / file_name(first.language, first.text)).touch()
    assert isinstance(open_panel(PanelSection(), voice, stack, clock).voice, AlsaVoice)


@pytest.mark.usefixtures("header")
def test_a_display_that_does_not_answer_is_named(stack: ExitStack, clock: SimulatedClock) -> None:
    section = PanelSection(kind="gpio", display="ssd1306", display_bus=20)
    with pytest.raises(Fault, match="the display cannot be used"):
        open_panel(section, VoiceSection(), stack, clock)
