"""Figures that others published, and that every study has to find again.

Gauge R&R: AIAG, Measurement Systems Analysis, 4th edition, III-B (10 parts, 3 appraisers, 3 trials); its analysis of
variance and components as in Minitab's help, "Example of Crossed Gage R&R Study" (tolerance 8). Cp: Montgomery,
Introduction to Statistical Quality Control, chapter 8 (limits 38 and 62, n = 20, s = 1.75). Cpk, chart of individuals
and two processes: NIST/SEMATECH e-Handbook of Statistical Methods, 6.1.6, 6.3.2.2 and 7.3.1.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hw.study.capability import indices
from hw.study.comparison import compare
from hw.study.figures import Figure
from hw.study.gauge import GaugeStudy, study_gauge
from hw.study.lot import study_lot
from hw.study.sources import figures_of

AIAG = Path(__file__).with_name("aiag.csv")
OLD = (32, 37, 35, 28, 41, 44, 35, 31, 34, 38, 42)
NEW = (36, 31, 30, 31, 34, 36, 29, 32, 31)
FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)


@pytest.fixture(scope="module")
def aiag() -> GaugeStudy:
    return study_gauge(figures_of([AIAG], {}), tolerance=8)


def test_the_analysis_of_variance_with_interaction(aiag: GaugeStudy) -> None:
    unit, tester, interaction, repeatability = aiag.full
    assert [line.freedom for line in aiag.full] == [9, 2, 18, 60]
    assert [round(line.squares, 4) for line in aiag.full] == [88.3619, 3.1673, 0.3590, 2.7589]
    assert (unit.f, tester.f, interaction.f) == pytest.approx((492.291, 79.406, 0.434), abs=5e-4)
    assert interaction.p == pytest.approx(0.974, abs=5e-4)
    assert repeatability.p is None


def test_an_interaction_that_is_not_significant_is_pooled(aiag: GaugeStudy) -> None:
    assert aiag.pooled
    assert [line.freedom for line in aiag.used] == [9, 2, 78]
    assert [line.f for line in aiag.used[:2]] == pytest.approx([245.614, 39.617], abs=5e-4)


@pytest.mark.parametrize(
    ("source", "variance", "contribution", "study", "tolerance"),
    [
        ("gauge", 0.09143, 7.76, 27.86, 22.68),
        ("repeatability", 0.03997, 3.39, 18.42, 14.99),
        ("reproducibility", 0.05146, 4.37, 20.90, 17.01),
        ("unit", 1.08645, 92.24, 96.04, 78.17),
        ("total", 1.17788, 100.00, 100.00, 81.40),
    ],
)
def test_what_the_spread_is_made_of(
    aiag: GaugeStudy, source: str, variance: float, contribution: float, study: float, tolerance: float
) -> None:
    found = aiag.component(source)
    assert found.variance == pytest.approx(variance, abs=5e-6)
    assert found.contribution_percent == pytest.approx(contribution, abs=5e-3)
    assert found.study_percent == pytest.approx(study, abs=5e-3)
    assert found.tolerance_percent == pytest.approx(tolerance, abs=5e-3)


def test_four_categories_are_fewer_than_wanted(aiag: GaugeStudy) -> None:
    assert aiag.categories == 4
    assert aiag.verdict == "conditional"


def test_cp_with_its_interval() -> None:
    cp, _ = indices(20, 50, 1.75, 38, 62)
    assert cp is not None
    assert (cp.value, cp.low, cp.high) == pytest.approx((2.29, 1.57, 3.01), abs=0.01)  # their table has two digits, too


def test_cpk_of_a_process_off_its_middle() -> None:
    cp, cpk = indices(50, 16, 2, 8, 20)
    assert cp is not None
    assert cp.value == pytest.approx(1.0)
    assert cpk.value == pytest.approx(0.6667, abs=5e-5)


def test_the_chart_of_individuals() -> None:
    lot = study_lot(FLOW)
    assert (lot.center, lot.low, lot.high) == pytest.approx((50.81, 45.8159, 55.8041), abs=1e-4)
    assert lot.sigma * 1.128 == pytest.approx(1.8778, abs=5e-5)
    assert not lot.remarks


def test_two_processes_by_welch() -> None:
    found = compare(OLD, NEW, ("old", "new"))
    assert (found.old.mean, found.old.deviation) == pytest.approx((36.0909, 4.9082), abs=5e-5)
    assert (found.new.mean, found.new.deviation) == pytest.approx((32.2222, 2.5386), abs=5e-5)
    assert -found.t == pytest.approx(2.2694, abs=5e-5)
    assert found.freedom == pytest.approx(15.533, abs=5e-4)
    assert found.mean.is_shown


def test_an_interaction_that_is_there_stays_apart() -> None:
    """Reckoned by hand: two units, two testers, two trials; each tester sees another unit as the larger one."""
    cells = {("a", "x"): (10, 11), ("a", "y"): (20, 21), ("b", "x"): (20, 21), ("b", "y"): (10, 11)}
    figures = [
        Figure(name="n", value=value, serial=unit, tester=tester, where="here")
        for (unit, tester), values in cells.items()
        for value in values
    ]
    study = study_gauge(figures)
    assert not study.pooled
    assert study.full[2].squares == pytest.approx(200)
    assert study.full[3].squares == pytest.approx(2)
    assert study.component("repeatability").variance == pytest.approx(0.5)
    assert study.component("interaction").variance == pytest.approx((200 - 0.5) / 2)
    assert study.component("unit").variance == 0
    assert study.verdict == "poor"
