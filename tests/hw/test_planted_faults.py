"""Each planted fault in the one phase that has to find it; `python -m hw faults` takes them through the whole plan."""

from __future__ import annotations

import pytest

from hw.campaign import margins, try_good_ones, try_unit, upper_bound_percent
from hw.limits import Limits
from hw.plan import Plan
from hw.plans.functional import FUNCTIONAL
from hw.record import Verdict
from hw.sim.faults import FAULTS, PlantedFault
from hw.sim.physics import good_unit
from hw.sim.site import SimulatedSite

PHASES = {phase.name: phase for phase in FUNCTIONAL.phases}
QUICK = Plan(
    name="quick",
    title=FUNCTIONAL.title,
    phases=tuple(
        phase for phase in FUNCTIONAL.phases if phase.name not in {"camera", "face", "keypad", "link", "nfc", "visit"}
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_caught_in_its_phase_with_the_right_words(
    fault: PlantedFault, limits: Limits, site: SimulatedSite
) -> None:
    alone = Plan(name="alone", title=FUNCTIONAL.title, phases=(PHASES[fault.phase],))
    tried = try_unit(fault.unit(1000), alone, limits, site)
    assert tried.catches(fault), tried.phases[0].why
    assert tried.verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ["camera", "keypad", "nfc"])
def test_the_unit_that_faults_are_planted_into_is_good(name: str, limits: Limits) -> None:
    alone = Plan(name="alone", title=FUNCTIONAL.title, phases=(PHASES[name],))
    assert try_unit(good_unit(1000), alone, limits).verdict is Verdict.PASS


def test_good_units_pass_and_stay_clear_of_the_limits(limits: Limits) -> None:
    tried = list(try_good_ones(15, QUICK, limits))
    assert [run.verdict for run in tried] == [Verdict.PASS] * 15
    assert margins(tried)[0].sigmas > 4


def test_no_alarm_in_two_hundred_runs_says_how_much() -> None:
    assert upper_bound_percent(200) == pytest.approx(1.49, abs=0.01)
