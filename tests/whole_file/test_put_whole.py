from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from device.whole_file import PRIVATE, PUBLIC, make_folder, put_whole


def test_a_file_appears_whole_with_its_permissions_and_nothing_beside_it(tmp_path: Path) -> None:
    put_whole(tmp_path / "key.pem", b"first", mode=PUBLIC)
    put_whole(tmp_path / "key.pem", b"second", mode=PRIVATE)

    assert (tmp_path / "key.pem").read_bytes() == b"second"
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == PRIVATE
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_what_a_killed_writer_left_is_neither_read_nor_kept(tmp_path: Path) -> None:
    (tmp_path / ".key.pem.draft").write_bytes(b"half of a much longer key")

    put_whole(tmp_path / "key.pem", b"whole", mode=PRIVATE)

    assert (tmp_path / "key.pem").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_a_full_disk_leaves_the_file_before_and_no_draft(
    tmp_path: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    put_whole(tmp_path / "list", b"before", mode=PUBLIC)

    with full_disk(1_000), pytest.raises(OSError, match="File too large"):
        put_whole(tmp_path / "list", bytes(1_000_000), mode=PUBLIC)

    assert (tmp_path / "list").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["list"]


def test_of_many_writers_at_once_each_writes_whole(tmp_path: Path) -> None:
    contents = [bytes([number]) * 50_000 for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: put_whole(tmp_path / "list", content, mode=PUBLIC), contents))

    assert (tmp_path / "list").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["list"]


def test_a_folder_is_its_owner_s_and_one_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path)

    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
