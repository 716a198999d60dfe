"""An installer goes through a new panel, wired well or badly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from device.app.config import EXAMPLE
from device.app.panel_check import NAMES, PanelCheck, PanelReport
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.drivers.gpio_indicators import GpioIndicators
from device.drivers.gpio_keypad import GpioKeypad
from device.panel.cues import INDICATORS
from device.panel.pad import PAD_4X4
from device.panel.pinout import Pinout
from device.sim.clock import SimulatedClock
from device.sim.contacts import Pace, SimulatedContacts
from device.sim.gpio import SimulatedGpio, SimulatedHeader
from device.sim.panel import RecordingVoice
from device.wire.sayings import sayings

PINOUT = Pinout()
BRISK = Pace(hold_s=0.05, gap_s=0.0)


class Bench:
    """A panel on the stand-in for the header, and an installer who does what is asked and says what is seen."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.contacts = SimulatedContacts(self.clock, pad=PAD_4X4)
        self.header = SimulatedHeader(self.clock, self.contacts)
        gpio = SimulatedGpio(self.header)
        gpio.setmode(gpio.BCM)
        self.voice = RecordingVoice(self.clock)
        self.keypad = GpioKeypad(gpio, PAD_4X4, PINOUT, self.clock, settle=self.header.settle)
        self.indicators = GpioIndicators(gpio, PINOUT)
        self.burnt: set[str] = set()
        self.there = True
        self.told: list[str] = []

    def check(self, *, all_sentences: bool = False) -> PanelReport:
        return PanelCheck(
            pad=PAD_4X4,
            keypad=self.keypad,
            indicators=self.indicators,
            voice=self.voice,
            clock=self.clock,
            tell=self.hear,
            wait=self.wait,
            wiring=self.keypad.broken_lines,
        ).run(all_sentences=all_sentences)

    def hear(self, line: str) -> None:
        self.told.append(line)
        if not self.there:
            return
        if asked := re.search(r"(?:press|once more) (\S)$", line):
            self.contacts.type_keys(asked[1])
        elif "nothing else?" in line:
            lit = {name for name, at in PINOUT.indicators.items() if self.header.level(at) and name not in self.burnt}
            (asked_for,) = [name for name, text in NAMES.items() if text.en in line]
            self.contacts.type_keys("#" if lit == {asked_for} else "*")
        elif "do you hear" in line:
            self.contacts.type_keys("#" if self.voice.trouble is None else "*", BRISK)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds if self.there else max(seconds, 0.5))
        self.header.look()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_sound_panel_passes(bench: Bench) -> None:
    report = bench.check()

    assert report.ok
    assert report.keys == dict.fromkeys(PAD_4X4.keys, True)
    assert report.indicators == dict.fromkeys(INDICATORS, True)
    assert report.voice == {"ja": True, "en": True}
    assert [said.language for said in bench.voice.said] == ["ja", "en"]


def test_every_sentence_is_played_on_request(bench: Bench) -> None:
    report = bench.check(all_sentences=True)

    assert report.ok
    assert len(report.voice) == len({saying.text for saying in sayings()})


def test_a_cut_line_is_named(bench: Bench) -> None:
    bench.contacts.break_row(1)
    report = bench.check()

    assert not report.ok
    assert report.cut_lines(PAD_4X4) == ["row 2"]
    assert [key for key, works in report.keys.items() if not works] == ["4", "5", "6", "B"]


def test_keys_of_swapped_lines_are_told(bench: Bench) -> None:
    bench.header.pinout = Pinout(columns=(12, 16, 25, 20))
    report = bench.check()

    assert not report.keys["1"]
    assert report.keys["3"]
    assert any("2 was seen" in line for line in bench.told)


def test_touching_lines_a_dark_lamp_and_a_silent_voice_are_told(bench: Bench) -> None:
    bench.header.bridges.append((4, 5))
    bench.burnt.add("face")
    bench.voice.trouble = Fault("no voice: no such device", part="voice", reason=Reason.VOICE_FAULT)
    report = bench.check()

    assert report.wiring == ("row 1 (GPIO4) and row 2 (GPIO5) are connected, or their key is down",)
    assert report.indicators["face"] is False
    assert report.voice == {"ja": False, "en": False}
    assert report.troubles == {"voice": "no voice: no such device"}


def test_with_nobody_there_it_ends_all_the_same(bench: Bench) -> None:
    bench.there = False
    report = bench.check()

    assert not any(report.keys.values())
    assert set(report.indicators.values()) == {None}
    assert bench.clock.monotonic_s() < 15 * 60
    assert not any(bench.header.level(at) for at in PINOUT.indicators.values()), "and nothing stays lit"


def test_off_a_pi_the_command_says_what_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "unit.toml"
    config.write_text(EXAMPLE.replace('# kind = "console"', 'kind = "gpio"'), encoding="utf-8")
    command = [sys.executable, "-m", "device.app.cli", "panel", "check", "--config", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})

    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert "rpi-lgpio" in document["message"]
