"""The unit's own program on the bench: two visits over a real broker, and what the record says where one fails."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from device.app.config import load
from device.domain.secrets import Pin
from device.reception import Idle
from device.sim.pn532 import SimulatedPn532
from hw.cards import CardBox, GoldenCard
from hw.errors import CannotMeasure
from hw.phases.machine import LINK
from hw.phases.visit import MOVED, VISITS
from hw.record import PhaseRecord, Verdict
from hw.rig.by_hand import HandRig
from hw.rig.simulated import SimulatedRig
from hw.sim.hands import SimulatedHands, WillingPerson
from hw.sim.site import SimulatedSite
from hw.unit.local_program import serve

Table = Any
"""Made in conftest."""


@pytest.fixture
def connected(table: Table, site: SimulatedSite) -> Table:
    table.unit.site = site
    return table


def of(record: PhaseRecord) -> dict[str, float | None]:
    return {each.name: each.value for each in record.measurements}


def test_a_good_unit_serves_two_patients_and_the_clinic_confirms_both(connected: Table) -> None:
    record = connected.try_phase(VISITS)
    assert record.verdict is Verdict.PASS, record.why
    values = of(record)
    assert values["visit.failed"] == 0
    assert all(value is not None and value > 0 for name, value in values.items() if name != "visit.failed")
    assert [series.name for series in record.series] == ["visit_face", "visit_pin"]
    assert "1234" not in repr(record)


@pytest.mark.usefixtures("without_liveness_nets")
def test_a_unit_without_networks_asks_for_a_move_the_visitor_makes_it_and_the_record_says_so(connected: Table) -> None:
    record = connected.try_phase(VISITS)
    assert record.verdict is Verdict.PASS, record.why
    notes = {each.name: each.note for each in record.measurements}
    assert notes["visit.face_s"] == MOVED
    assert notes["visit.pin_s"] == ""
    by_face, by_pin = record.series
    assert "Moving" in by_face.labels
    assert "Moving" not in by_pin.labels


@pytest.mark.usefixtures("without_liveness_nets")
def test_a_photo_that_makes_no_move_fails_a_unit_without_networks(connected: Table) -> None:
    class Display(SimulatedRig):
        """Shows the holder's photo, as a bench display does."""

        def bring_holder(self, card: GoldenCard) -> None:
            self.show(card.photo)

    record = connected.try_phase(VISITS, rig=Display(connected.unit))
    assert record.verdict is Verdict.FAIL
    assert of(record)["visit.failed"] == 1
    assert "the move that was asked for was not seen" in record.why[0]


@pytest.mark.usefixtures("liveness_nets")
def test_a_unit_with_networks_asks_a_live_face_for_no_move(connected: Table) -> None:
    record = connected.try_phase(VISITS)
    assert record.verdict is Verdict.PASS, record.why
    assert not any(each.note == MOVED for each in record.measurements)
    assert "Moving" not in record.series[0].labels


def test_a_tester_by_hand_types_the_pin_and_nobody_writes_it_on_the_page(connected: Table) -> None:
    asked: list[str] = []

    class Listening(WillingPerson):
        def show(self, request: Any) -> None:  # noqa: ANN401  a Request
            asked.append(repr(request))

    record = connected.try_phase(VISITS, rig=HandRig(SimulatedHands(Listening(), connected.unit)))
    assert of(record)["visit.pin_s"] is not None, record.why
    assert any("type_pin" in each for each in asked)
    assert not any("1234" in each for each in asked)


def test_a_pin_that_the_list_has_wrong_costs_a_try_and_stops_the_run(connected: Table) -> None:
    golden, expendable = connected.cards.cards
    wrong = replace(expendable, pin=Pin(b"9753"))
    record = connected.try_phase(VISITS, cards=CardBox((golden, wrong)))
    assert record.verdict is Verdict.STOPPED
    assert record.why[0].startswith("expendable-1: 2 of 3 tries left for the PIN")
    assert "9753" not in repr(record)


def test_another_card_under_the_hand_stops_the_run_before_its_pin_is_asked_for(connected: Table) -> None:
    class WrongHand(SimulatedRig):
        """Places the right card once, and then the other one."""

        placed = 0

        def place(self, card: str, **how: Any) -> None:  # noqa: ANN401  as the port has it
            self.placed += 1
            super().place(card if self.placed == 1 else "golden-1", **how)

    record = connected.try_phase(VISITS, rig=WrongHand(connected.unit))
    assert record.verdict is Verdict.STOPPED
    assert record.why[0] == "the card that lies there is not 'expendable-1' of the bench's list"
    assert connected.unit.cards["golden-1"].reference_number_tries_left == 10


def test_a_unit_without_a_line_is_not_measured(table: Table) -> None:
    record = table.try_phases(LINK, VISITS)
    assert record.verdict is Verdict.NOT_MEASURED
    assert {each.note for each in record.measurements()} == {"the simulated unit's line leads nowhere"}


def test_the_program_of_a_configuration_comes_up_and_goes_down(site: SimulatedSite) -> None:
    seen = site.open()
    folder = seen.tls.key.parent
    config = folder / "unit.toml"
    with SimulatedPn532(folder) as hat:
        config.write_text(seen.unit_config(card=f'reader = "pn532"\nbus = "uart:{hat.device}"'), encoding="utf-8")
        with serve(load(config)) as program:
            assert isinstance(program.state, Idle)
            assert program.waiting_results == 0
            assert program.thoughts() == ()
    seen.tls.key.with_name("clinic.public.jwk").rename(folder / "elsewhere.jwk")
    with pytest.raises(CannotMeasure, match="does not start"), serve(load(config)):
        pass
    (folder / "elsewhere.jwk").rename(folder / "clinic.public.jwk")
