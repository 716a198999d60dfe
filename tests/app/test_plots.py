from __future__ import annotations

from pathlib import Path

import pytest

from device.app.plots import new_figure, save
from device.domain.errors import BadConfig


def drawn(path: Path) -> bytes:
    figure, (left, right) = new_figure(columns=2)
    left.plot([0, 1, 2], [3, 1, 2], label="受付")
    right.bar(["a", "b"], [1, 2])
    save(figure, path)
    return path.read_bytes()


def test_the_same_numbers_give_the_same_picture(tmp_path: Path) -> None:
    first = drawn(tmp_path / "a.svg")
    assert first.startswith(b"<?xml")
    assert first == drawn(tmp_path / "b.svg")


@pytest.mark.parametrize("name", ["missing/a.svg", "a.nonsense"])
def test_a_picture_that_cannot_be_written_names_its_file(tmp_path: Path, name: str) -> None:
    figure, _ = new_figure()
    with pytest.raises(BadConfig, match=name):
        save(figure, tmp_path / name)
