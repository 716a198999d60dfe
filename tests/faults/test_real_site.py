"""A few episodes of the campaign with real processes; `make faults` goes through all of them many times."""

from __future__ import annotations

import pytest

from faults.episodes import live
from faults.wall_clock import library

pytestmark = pytest.mark.broker


def test_nothing_is_lost_or_doubled_by_what_happens_to_broker_line_and_unit() -> None:
    campaign = live(1, seed=1, faults=["broker killed (SIGKILL)", "TLS cut mid-record", "unit killed (SIGKILL)"])
    assert campaign.wrong == []
    assert campaign.results > 3


@pytest.mark.skipif(library() is None, reason="libfaketime is not installed")
def test_a_unit_whose_clock_was_ten_years_behind_brings_everything_when_it_is_set() -> None:
    campaign = live(1, seed=1, faults=["unit's clock 10 years behind"])
    assert campaign.wrong == []
    assert len(campaign.recovery_s["unit's clock 10 years behind"]) == 1


def test_a_hostile_front_that_doubles_and_reorders_changes_nothing() -> None:
    campaign = live(1, seed=1, faults=["packets doubled", "packets reordered"])
    assert campaign.wrong == []
