"""The power goes in the middle of a write: every file that a unit keeps is then the one before or the new one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.drivers.tally_file import TallyFile
from faults import updates
from faults.crashes import MEMORY
from faults.state_files import SUBJECTS, cut, update_metadata
from faults.state_subject import Subject, either, nothing

MANY = {"the first result": 40, "the next result": 20, "a result leaves": 20}
"""Here each so-manieth folder is looked at; `python -m faults state` looks at all."""


@pytest.mark.parametrize("name", sorted(SUBJECTS))
def test_after_a_cut_it_is_as_before_or_as_it_was_to_be(name: str) -> None:
    found = cut(SUBJECTS[name], MANY.get(name, 1))
    assert found.points > 1
    assert found.wrong == []


@pytest.fixture
def prepared() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        updates.prepare(Path(folder))
        yield Path(folder)


def test_what_the_repository_said_last_is_not_forgotten(prepared: Path) -> None:
    found = cut(update_metadata(prepared), 100)
    assert found.points > 1
    assert found.wrong == []


def _in_place(folder: Path) -> None:
    (folder / "tally").write_text("10\n")


def _unflushed(folder: Path) -> None:
    (folder / "draft").write_text("10\n")
    (folder / "draft").replace(folder / "tally")


def _deletes_first(folder: Path) -> None:
    (folder / "tally").unlink()
    TallyFile(folder / "tally").keep(10)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_in_place, "before it returned: None was read"),
        (_unflushed, "after it had returned: 9 was read"),
        (_unflushed, "after it had returned: None was read"),
        (_deletes_first, "before it returned: 0 was read"),
    ],
    ids=["written in place", "promised too early", "renamed before it is whole", "deleted first"],
)
def test_a_writer_that_takes_a_short_cut_is_found(write: Callable[[Path], None], said: str) -> None:
    def keep_nine(folder: Path) -> None:
        TallyFile(folder / "tally").keep(9)

    def read(folder: Path) -> int | None:
        return TallyFile(folder / "tally").read()

    assert said in cut(Subject(keep_nine, write, either(read, 9, 10))).wrong


def test_a_folder_that_was_made_and_not_flushed_takes_its_files_away() -> None:
    def write(folder: Path) -> None:
        (folder / "made").mkdir()
        TallyFile(folder / "made/tally").keep(1)

    def read(folder: Path) -> int | None:
        return TallyFile(folder / "made/tally").read()

    assert cut(Subject(nothing, write, either(read, 0, 1))).wrong == ["after it had returned: 0 was read"]
