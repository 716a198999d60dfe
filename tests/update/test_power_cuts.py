"""A unit loses its power in the middle of an update: real SIGKILL, before real system calls."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.domain.updates import Kind
from device.drivers.update_shelf import UpdateShelf
from faults import updates
from faults.crashes import MEMORY

POINTS = 200


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else tmp_path_factory.mktemp("updates")) as folder:
        updates.prepare(Path(folder))
        yield Path(folder)


@pytest.mark.parametrize("well", [True, False], ids=["a version that works", "a version that does not"])
def test_cut_at_any_of_200_points_the_unit_starts_knows_its_version_and_takes_the_next(
    prepared: Path, *, well: bool
) -> None:
    changes, wrong = updates.crash(prepared, None, well=well)
    assert changes is not None
    assert changes > POINTS
    assert not wrong

    # The last ones, where the switch is, all; of those before, where the files come in, every so-manieth.
    last = range(changes - POINTS // 4 + 1, changes + 1)
    first = range(1, last.start, last.start * 4 // POINTS)
    found = updates.crash_at([*first, *last], prepared, well=well)

    assert found.points >= POINTS // 2
    assert not found.wrong


def test_a_link_that_is_taken_away_before_the_new_one_is_there_is_found_out(prepared: Path) -> None:
    class TakesAwayFirst(UpdateShelf):
        def switch(self, kind: Kind, version: str | None) -> None:
            super().switch(kind, None)
            super().switch(kind, version)

    changes, _ = updates.crash(prepared, None, well=True, open_shelf=TakesAwayFirst)
    assert changes is not None
    found = updates.crash_at(range(changes - 28, changes - 16), prepared, well=True, open_shelf=TakesAwayFirst)
    assert any("not whole" in wrong for wrong in found.wrong)
