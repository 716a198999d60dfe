"""Endurance in short, recovery, attacks: what the functional plan leaves out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hw.errors import BadLimits, CannotMeasure
from hw.phases.attacks import ATTACKS, NO_NETS, load_species, measure_attacks
from hw.phases.endurance import KEYPAD_LIFE, NFC_LIFE, POWER_LIFE, cut_many, place_many, press_many
from hw.phases.machine import HARDENING, START
from hw.phases.recovery import RECOVERY
from hw.plans.others import RELEASE
from hw.record import Verdict
from hw.rig.by_hand import Answer, HandRig, Request
from hw.session import Session
from hw.sim.hands import SimulatedHands, WillingPerson

Table = Any
"""Made in conftest."""


def test_a_good_pad_loses_and_doubles_nothing(table: Table) -> None:
    record = table.try_phase(replace(KEYPAD_LIFE, run=partial(press_many, presses=48)))
    assert record.verdict is Verdict.PASS
    assert [each.value for each in record.measurements] == [0, 0]
    assert record.series[0].x[-1] == 48


def test_a_pad_that_bounces_too_long_fails_in_the_long_run(table: Table, with_physics: Callable[..., Any]) -> None:
    table.unit = with_physics(bounce_s=(0.045, 0.055))
    record = table.try_phase(replace(KEYPAD_LIFE, run=partial(press_many, presses=48)))
    assert record.verdict is Verdict.FAIL


def test_cards_are_placed_and_power_is_cut_many_times(table: Table) -> None:
    record = table.try_phases(
        replace(NFC_LIFE, run=partial(place_many, placements=300)), replace(POWER_LIFE, run=partial(cut_many, cuts=20))
    )
    assert record.verdict is Verdict.PASS
    assert [each.samples for each in record.measurements()] == [300, 20]
    assert table.unit.starts == 21


def test_a_hand_is_not_asked_thousands_of_times(table: Table) -> None:
    rig = HandRig(SimulatedHands(WillingPerson(), table.unit))
    record = table.try_phases(KEYPAD_LIFE, NFC_LIFE, rig=rig)
    assert record.verdict is Verdict.NOT_MEASURED
    assert {each.note for each in record.measurements()} == {"a hand does not do it thousands of times"}


def test_a_reader_that_was_unplugged_is_found_again(table: Table) -> None:
    record = table.try_phase(RECOVERY)
    assert record.verdict is Verdict.PASS
    assert record.measurements[0].value is not None


@pytest.mark.usefixtures("liveness_nets")
def test_pictures_are_told_from_people_kind_by_kind_and_what_nobody_has_is_named(table: Table) -> None:
    kinds = [replace(each, times=1) for each in load_species() if each.name in {"live", "print_matte", "mask_paper"}]
    record = table.try_phase(replace(ATTACKS, run=partial(measure_attacks, kinds=kinds)))
    accepted, tried, refused = record.measurements
    assert (accepted.value, refused.value) == (0, 0)
    told, missing = accepted.note.split("; ")
    assert told == "photo on matte paper: 0 of 1 (at most 97.5 %)"
    assert missing == "not tried: paper mask: nobody draws this kind: it takes a real one"
    assert accepted.uncertainty == pytest.approx(97.5)
    assert (tried.value, tried.verdict) == (1, Verdict.FAIL)
    assert record.series[0].labels == ["print_matte"]


@pytest.mark.usefixtures("without_liveness_nets")
def test_attacks_on_a_unit_without_networks_are_not_measured_and_no_pass(table: Table) -> None:
    whole = table.try_phases(ATTACKS)
    (record,) = whole.phases
    assert whole.verdict is record.verdict is Verdict.NOT_MEASURED
    assert record.why == [f"{each.title.en} was not measured: {NO_NETS}" for each in record.measurements]
    assert {(each.value, each.verdict) for each in record.measurements} == {(None, Verdict.NOT_MEASURED)}
    assert {each.note for each in record.measurements} == {NO_NETS}
    assert NO_NETS.startswith("networks absent")


def test_a_release_without_its_attacks_is_not_passed_though_all_else_is(table: Table) -> None:
    def unmeasured(session: Session) -> None:
        del session
        raise CannotMeasure(NO_NETS)

    release = replace(RELEASE, phases=(HARDENING, START, replace(ATTACKS, run=unmeasured)))
    record = table.try_plan(release)
    assert [phase.verdict for phase in record.phases] == [Verdict.PASS, Verdict.PASS, Verdict.NOT_MEASURED]
    assert record.verdict is Verdict.NOT_MEASURED
    assert NO_NETS in record.why[0]
    assert RELEASE.phases[-1] is ATTACKS


@pytest.mark.usefixtures("liveness_nets")
def test_attacks_that_nobody_holds_up_are_not_measured(table: Table) -> None:
    class Lazy(WillingPerson):
        def request(self, request: Request) -> Answer:
            return Answer.NO if request.verb == "present" else super().request(request)

    record = table.try_phase(ATTACKS, rig=HandRig(SimulatedHands(Lazy(), table.unit)))
    assert record.verdict is Verdict.NOT_MEASURED
    assert {each.verdict for each in record.measurements} == {Verdict.NOT_MEASURED}
    assert not record.lets_pass
    assert "photo on matte paper: it was not presented" in record.measurements[0].note


def test_the_species_have_names_in_both_languages_and_counts() -> None:
    species = load_species()
    assert len(species) == 9
    assert all(each.title.ja and each.title.en and each.times >= 10 for each in species)


def test_a_mistake_in_the_species_is_named(tmp_path: Path) -> None:
    path = tmp_path / "species.toml"
    path.write_text('[phone]\nja = "x"\n', encoding="utf-8")
    with pytest.raises(BadLimits, match=r"species\.toml"):
        load_species(path)
