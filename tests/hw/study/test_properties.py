from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.study.capability import study_capability
from hw.study.comparison import compare
from hw.study.errors import CannotStudy
from hw.study.figures import Figure
from hw.study.gauge import study_gauge
from hw.study.lot import study_lot

READING = st.integers(-1000, 1000).map(lambda tenths: tenths / 10)


@given(st.lists(READING, min_size=12, max_size=12), st.integers(1, 50), st.integers(-50, 50))
def test_what_a_gauge_study_finds_does_not_hang_on_the_scale(values: list[float], factor: int, shift: int) -> None:
    def figures(scale: float, off: float) -> list[Figure]:
        return [
            Figure(name="n", value=scale * value + off, serial=f"u{i % 3}", tester=f"t{i // 3 % 2}", where="here")
            for i, value in enumerate(values)
        ]

    try:
        plain, scaled = study_gauge(figures(1, 0)), study_gauge(figures(factor, shift))
    except CannotStudy:
        assert len(set(values)) == 1
        return
    for one, other in zip(plain.components, scaled.components, strict=True):
        assert one.contribution_percent == pytest.approx(other.contribution_percent, abs=1e-4)
    assert plain.component("total").contribution_percent == pytest.approx(100)
    assert all(each.variance >= 0 for each in plain.components)


def test_one_bad_unit_stands_out_and_does_not_hide_another() -> None:
    values = [10.0 + 0.1 * (i % 5) for i in range(30)]
    values[7], values[20] = 60.0, 90.0
    outliers = [each.index for each in study_lot(values).remarks if each.rule == "outlier"]
    assert outliers == [7, 20]


def test_a_lot_of_which_most_are_alike_still_shows_the_one_that_is_not() -> None:
    assert [each.index for each in study_lot([0] * 20 + [4] + [0] * 9).remarks if each.rule == "outlier"] == [20]


def test_a_drift_is_seen_with_its_slope_and_none_where_there_is_none() -> None:
    chance = np.random.default_rng(1)
    noise = chance.normal(0, 1, 60)
    rising = study_lot([0.1 * i + each for i, each in enumerate(noise)])
    assert rising.drifts
    assert rising.slope_low < 0.1 < rising.slope_high
    assert not study_lot(list(noise)).drifts


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([0, 1, -1, 0, 1, -1, 0, 30, 0, 1], "beyond_3_sigma"),
        ([1, 2] * 5 + [-1, -2] * 5, "nine_on_one_side"),
        ([5, 0, 1, 2, 3, 4, 5, 0, 5, 0], "six_steadily"),
        ([0, 1, 0, 1, 0, 1, 0, 1, 3.9, 3.9, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], "two_of_three_beyond_2_sigma"),
    ],
)
def test_each_rule_of_the_chart_sees_its_pattern(values: list[float], rule: str) -> None:
    assert rule in {each.rule for each in study_lot(values).remarks}


def test_a_wider_lot_is_less_capable_and_more_units_make_it_surer() -> None:
    chance = np.random.default_rng(2)
    draw = chance.normal(0, 1, 200)
    few, many, wide = (study_capability(list(each), -5, 5).cpk for each in (draw[:20], draw, 2 * draw))
    assert many.high - many.low < few.high - few.low
    assert wide.value < many.value


def test_the_true_difference_lies_in_the_interval_about_95_times_in_100() -> None:
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(60):
        study = compare(list(chance.normal(5, 1, 12)), list(chance.normal(6, 3, 8)), ("old", "new"))
        held += study.mean.low <= 1 <= study.mean.high
    assert 52 <= held <= 60
