"""What a unit sent for diagnosis: given out to a file of one's own, and gone after its time."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from provisioning.fleet.cli import app
from provisioning.fleet.fleet import Fleet, open_fleet
from provisioning.fleet.store.units import NewUnit

NOW = datetime.now(UTC)
"""The command line asks the real clock."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet with one bundle, kept for seven days."""
    CliRunner().invoke(app, ["init", str(tmp_path / "fleet"), "--host", "broker.example"])
    with open_fleet(tmp_path / "fleet") as fleet:
        with fleet.store.begin(NOW) as work:
            work.units.add([NewUnit(name="u-1", serial="A-1", site="", profile="")])
            work.bundles.keep("b1", "u-1", b"lines", until=NOW + timedelta(days=7))
        yield fleet


def test_a_bundle_is_saved_for_whoever_asked_and_nobody_else(fleet: Fleet, tmp_path: Path) -> None:
    place = ["--fleet", str(fleet.places.folder), "--json"]
    saved = CliRunner().invoke(app, ["logs", "save", "b1", str(tmp_path / "b1.gz"), *place])

    assert json.loads(saved.output) == {"bundle": "b1", "file": str(tmp_path / "b1.gz"), "bytes": 5}
    assert (tmp_path / "b1.gz").read_bytes() == b"lines"
    assert stat.S_IMODE((tmp_path / "b1.gz").stat().st_mode) == 0o600


def test_a_worker_deletes_a_bundle_whose_time_is_over(fleet: Fleet) -> None:
    desk = fleet.desk("fleet-worker-1")

    for days in (0, 6, 7):
        desk.work(NOW + timedelta(days=days))
        with fleet.store.begin(NOW) as work:
            # The clock of whoever looks has stood still: what is there is what lies in the base.
            assert (work.bundles.content("b1") is not None) is (days < 7), days
