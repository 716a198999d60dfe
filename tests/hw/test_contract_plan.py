"""The contract suites are asked of the unit on the table, by the rig's hands; the record says what broke."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import device.ports as there
from device.app.config import KeySection
from device.app.panel_check import NAMES
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.domain.secrets import ReferenceNumberB
from device.panel.lamps import LAMPS
from device.ports.panel import KeypadSample, Screen
from device.sim.card import CardFrontPrint, SimulatedCard
from device.sim.card_front import SimulatedCardFront
from device.sim.oled import Ssd1306Bus
from hw.cards import CardBox
from hw.contract import parts
from hw.contract.asking import ask
from hw.contract.suites import FOLDER, SUITES, Suite
from hw.errors import RigLost
from hw.phases.contract import CONTRACT
from hw.plan import Phase
from hw.record import PhaseRecord, Verdict
from hw.rig.by_hand import Answer, HandRig, Request
from hw.rig.port import Beside, Sensor
from hw.rig.simulated import SimulatedRig
from hw.sim import wardrobe
from hw.sim.field import FieldReader
from hw.sim.hands import SimulatedHands, WillingPerson
from hw.sim.panel import HeardVoice, WiredIndicators, WornKeypad, open_simulated_display
from hw.sim.unit import SimulatedUnit

Table = Any
"""Made in conftest."""

VALIDITY = datetime(2024, 4, 1, tzinfo=UTC), datetime(2033, 3, 31, tzinfo=UTC)
TOKEN_PIN = "pin-of-a-test"
"""Of the token that `key_place` gives."""
PHASES = {suite.name: phase for suite, phase in zip(SUITES, CONTRACT, strict=True)}


def the(name: str) -> Phase:
    return PHASES[name]


def broken(record: PhaseRecord) -> tuple[float | None, str]:
    [measurement] = record.measurements
    return measurement.value, measurement.note


@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite.name != "display"], ids=lambda suite: suite.name)
def test_a_good_unit_keeps_every_promise_of_every_part(table: Table, suite: Suite) -> None:
    record = table.try_phase(the(suite.name))
    [measurement] = record.measurements
    assert record.verdict is Verdict.PASS, record.why
    assert measurement.value == 0
    assert measurement.samples >= 3
    assert {(card.pin_tries_left, card.reference_number_tries_left) for card in table.unit.cards.values()} == {(3, 10)}


def test_what_a_display_shows_takes_a_person(table: Table) -> None:
    record = table.try_phase(the("display"))
    assert record.verdict is Verdict.NOT_MEASURED
    assert record.lets_pass
    assert "nobody stands at a simulated rig" in record.why[0]


def ports() -> set[str]:
    """Every port that there is. What a line calls back is no part of a unit: whoever asks a line implements it."""
    modules = [importlib.import_module(f"device.ports.{found.name}") for found in pkgutil.iter_modules(there.__path__)]
    return {
        name
        for module in modules
        for name, kind in vars(module).items()
        if getattr(kind, "_is_protocol", False) and kind.__module__ == module.__name__
    } - {"LineEvents"}


def ports_of(file: str) -> set[str]:
    """The ports that a suite speaks of."""
    return {
        alias.name
        for node in ast.walk(ast.parse((FOLDER / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("device.ports.")
        for alias in node.names
    }


def test_the_suites_asked_at_the_table_are_all_that_there_are_and_speak_of_every_port() -> None:
    asked = [file for suite in SUITES for file in suite.files]
    assert sorted(asked) == sorted(path.name for path in FOLDER.glob("test_*.py"))
    assert ports() - set().union(*map(ports_of, asked)) == set()


@pytest.mark.parametrize("suite", [suite for suite in SUITES if len(suite.files) > 1], ids=lambda suite: suite.name)
def test_of_a_part_with_several_ports_each_is_asked(table: Table, suite: Suite) -> None:
    kept = {
        each.file for each in ask(suite, table.unit, SimulatedRig(table.unit), table.cards) if each.answer == "kept"
    }
    assert kept == set(suite.files)


@pytest.mark.parametrize("kind", ["tpm", "pkcs11"])
def test_a_key_is_asked_for_where_the_unit_has_its_own_and_nothing_stays_there(
    table: Table, key_place: Callable[[str], KeySection], kind: str
) -> None:
    table.unit.key_place = key_place(kind)
    record = table.try_phase(the("key"))
    value, note = broken(record)
    assert (record.verdict, value, note) == (Verdict.PASS, 0, "")
    if kind == "pkcs11":
        listed = subprocess.run(
            [
                *("pkcs11-tool", "--module", table.unit.key_place.module, "--list-objects", "--login", "--pin"),
                TOKEN_PIN,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        assert "Private Key Object" not in listed.stdout


def test_what_is_printed_on_the_card_has_to_be_on_the_list(table: Table) -> None:
    unknown = CardBox(tuple(replace(card, front=None) for card in table.cards.cards))
    record = table.try_phase(the("front"), cards=unknown)
    assert record.verdict is Verdict.NOT_MEASURED
    assert "cards.toml does not say what is printed on 'golden-1'" in record.why[0]


def test_without_a_broker_on_the_unit_the_line_is_not_measured_and_that_is_no_pass(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> Path:
        raise Fault("mosquitto is not installed", part="broker", reason=Reason.BROKER_UNREACHABLE)

    monkeypatch.setattr(parts, "find_mosquitto", nowhere)
    record = table.try_phase(the("line"))
    assert (record.verdict, record.lets_pass) == (Verdict.NOT_MEASURED, False)
    assert "no broker on the unit to speak to: mosquitto is not installed" in record.why[0]


def test_what_cannot_be_asked_of_a_real_part_is_told_with_the_reason(table: Table) -> None:
    _, note = broken(table.try_phase(the("reader")))
    assert "not asked (3)" in note
    assert "held back: this card is not marked expendable" in note
    assert "no real card misbehaves on request" in note


class BlindReader(FieldReader):
    """Does not notice that a card leaves."""

    def wait_for_change(self, *, present: bool, timeout_s: float) -> bool:
        return present or super().wait_for_change(present=present, timeout_s=min(timeout_s, 0.05))


class DeafKeypad(WornKeypad):
    """Counts a key that is down in every second scan only, as one that is scanned too seldom."""

    scans = 0

    def scan(self) -> KeypadSample:
        self.scans += 1
        sample = super().scan()
        return sample if self.scans % 100 < 10 else KeypadSample(sample.at_s, frozenset())


class StickyLamps(WiredIndicators):
    """Leaves on what it is not told to switch off."""

    def show(self, levels: Mapping[str, bool]) -> None:
        super().show({**self.levels, **levels})


class EndlessVoice(HeardVoice):
    """Does not fall silent when told to."""

    def stop(self) -> None:
        return


class OtherFront(SimulatedCardFront):
    """Reads a number that is not printed there."""

    def read(self, timeout_s: float, refused: Callable[[ReferenceNumberB], bool]) -> ReferenceNumberB | None:
        del timeout_s, refused
        return ReferenceNumberB(b"12345678901234")


Break = Callable[[SimulatedUnit], None]
BREAKS: dict[str, tuple[str, Break, str]] = {
    "a reader that does not see a card leave": (
        "reader",
        lambda unit: setattr(unit, "reader", BlindReader(unit.physics, unit.stage)),
        "it tells at once what differs from what was known",
    ),
    "a keypad that looks away": (
        "keypad",
        lambda unit: setattr(unit, "keypad", DeafKeypad(unit.physics, unit.clock)),
        "keys pressed one after the other are typed in that order",
    ),
    "lamps that stay on": (
        "lamps",
        lambda unit: setattr(unit, "indicators", StickyLamps(unit.physics, unit.clock)),
        "each lamp shines alone",
    ),
    "a camera that misreads the card": (
        "front",
        lambda unit: setattr(unit, "front", OtherFront(lambda: None)),
        "where nothing can be read there is no number",
    ),
    "a voice that goes on": (
        "voice",
        lambda unit: setattr(unit, "voice", EndlessVoice(unit.clock)),
        "silence may be asked for at any time and twice",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_driver_that_breaks_a_promise_is_caught_with_the_sentence_that_it_broke(table: Table, name: str) -> None:
    suite, spoil, sentence = BREAKS[name]
    spoil(table.unit)
    record = table.try_phase(the(suite))
    value, note = broken(record)
    assert record.verdict is Verdict.FAIL
    assert value
    assert f"“{sentence}”" in note


@pytest.mark.parametrize("suite", ["reader", "front", "keypad", "lamps", "voice", "display"])
def test_by_hand_the_tester_is_asked_for_what_a_suite_needs(table: Table, suite: str) -> None:
    record = table.try_phases(the(suite), rig=HandRig(SimulatedHands(SeeingPerson(table.unit), table.unit)))
    assert record.verdict is Verdict.PASS, record.why


class SeeingPerson(WillingPerson):
    """Answers what can be seen and heard at the simulated unit."""

    def __init__(self, unit: SimulatedUnit) -> None:
        self._unit = unit

    def request(self, request: Request) -> Answer:
        if not request.wants_yes_or_no:
            return super().request(request)
        words, rig = request.text.en, SimulatedRig(self._unit)
        if "display" in words:
            return Answer.YES if self._reads(words) else Answer.NO
        if words.startswith("Are exactly these lamps on"):
            lit = [NAMES[lamp].en for lamp in sorted(LAMPS) if rig.sense(Sensor.LAMP, lamp).value > 30]
            return Answer.YES if words.endswith(f": {', '.join(lit) or 'none'}?") else Answer.NO
        return Answer.YES if rig.sense(Sensor.SOUND).value > 55 else Answer.NO

    def _reads(self, words: str) -> bool:
        shown = self._unit.display_chip.picture()
        if "dark" in words:
            return not shown.any()
        [said] = re.findall("“(.*)”", words)
        lines = said.split(" / ")
        drawn = (Screen(lines[0], tuple(lines[1:])), Screen("", tuple(lines)))
        display = open_simulated_display(Ssd1306Bus())
        return any(np.array_equal(np.asarray(display.draw(screen)), shown) for screen in drawn)


def test_a_card_that_is_swapped_between_two_sentences_stops_the_run(table: Table) -> None:
    keys = wardrobe.card_authority().issue(serial=990_078, not_before=VALIDITY[0], not_after=VALIDITY[1])
    stranger = SimulatedCard(keys, front=CardFrontPrint(date(1974, 4, 2), date(2035, 4, 2), "2285"))

    class Swapping(SimulatedRig):
        placed = 0

        def place(self, card: str, *, spacer_mm: float = 0.0, beside: Beside = Beside.NOTHING) -> None:
            self.placed += 1
            if self.placed == 4:
                table.unit.cards[wardrobe.GOLDEN] = stranger
            super().place(card, spacer_mm=spacer_mm, beside=beside)

    record = table.try_phases(the("reader"), rig=Swapping(table.unit))
    assert record.verdict is Verdict.STOPPED
    assert "of the bench's list" in record.why[0]
    assert (stranger.pin_tries_left, stranger.reference_number_tries_left) == (3, 10)


def test_a_rig_that_goes_away_stops_the_run(table: Table) -> None:
    class Leaving(SimulatedRig):
        def press(self, keys: str, hold_s: float) -> None:
            raise RigLost(f"no answer to {keys} {hold_s:g}")

    record = table.try_phases(the("keypad"), rig=Leaving(table.unit))
    assert record.verdict is Verdict.STOPPED
    assert "no answer to 1 0.12" in record.why[0]


def test_a_unit_without_the_part_is_not_measured(table: Table) -> None:
    table.unit.cards.clear()
    record = table.try_phase(the("reader"), cards=CardBox(()))
    assert record.verdict is Verdict.NOT_MEASURED
    assert "the bench has no card of its own" in record.why[0]
