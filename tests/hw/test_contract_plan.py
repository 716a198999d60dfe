"""The contract suites are asked of the unit on the table, by the rig's hands; the record says what broke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from device.app.panel_check import NAMES
from device.panel.lamps import LAMPS
from device.ports.panel import KeypadSample
from device.sim.card import CardFrontPrint, SimulatedCard
from hw.cards import CardBox
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
from hw.sim.panel import HeardVoice, WiredIndicators, WornKeypad
from hw.sim.unit import SimulatedUnit

Table = Any
"""Made in conftest."""

VALIDITY = datetime(2024, 4, 1, tzinfo=UTC), datetime(2033, 3, 31, tzinfo=UTC)
PHASES = {suite.name: phase for suite, phase in zip(SUITES, CONTRACT, strict=True)}


def the(name: str) -> Phase:
    return PHASES[name]


def broken(record: PhaseRecord) -> tuple[float | None, str]:
    [measurement] = record.measurements
    return measurement.value, measurement.note


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_a_good_unit_keeps_every_promise_of_every_part(table: Table, suite: Suite) -> None:
    record = table.try_phase(the(suite.name))
    [measurement] = record.measurements
    assert record.verdict is Verdict.PASS, record.why
    assert measurement.value == 0
    assert measurement.samples >= 3
    assert {(card.pin_tries_left, card.reference_number_tries_left) for card in table.unit.cards.values()} == {(3, 10)}


def test_every_file_that_is_asked_is_one_of_the_suites() -> None:
    there = {path.name for path in FOLDER.glob("test_*.py")}
    assert {file for suite in SUITES for file in suite.files} <= there


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


@pytest.mark.parametrize("suite", ["reader", "keypad", "lamps", "voice"])
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
        if words.startswith("Are exactly these lamps on"):
            lit = [NAMES[lamp].en for lamp in sorted(LAMPS) if rig.sense(Sensor.LAMP, lamp).value > 30]
            return Answer.YES if words.endswith(f": {', '.join(lit) or 'none'}?") else Answer.NO
        return Answer.YES if rig.sense(Sensor.SOUND).value > 55 else Answer.NO


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
