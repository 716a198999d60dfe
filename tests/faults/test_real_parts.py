"""Real parts of a whole unit break and come back; `python -m faults.parts` holds their times against the table too."""

from __future__ import annotations

import os

import pytest

from faults.parts import live
from faults.wall_clock import library

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may give the unit a disk of its own"),
]


def test_reader_cameras_and_broker_come_back_with_one_line_in_the_journal_each_time() -> None:
    for came in live(["reader", "camera", "front", "broker"]):
        assert came.wrong == [], came.how


def test_a_unit_that_starts_on_a_read_only_disk_takes_it_when_it_can_be_written() -> None:
    for came in live(["read-only"]):
        assert came.wrong == [], came.how


@pytest.mark.skipif(library() is None, reason="libfaketime is not installed")
def test_a_clock_that_is_set_is_told_of_once_each_time() -> None:
    [came] = live(["clock"])
    assert came.wrong == []
