from __future__ import annotations

import stat
from pathlib import Path

import pytest

from device.domain.errors import Fault
from device.whole_file import PRIVATE, PUBLIC
from provisioning.files import write_whole


def test_a_file_appears_whole_with_its_permissions_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key.pem"

    write_whole(path, b"first", mode=PRIVATE)
    write_whole(path, b"second", mode=PRIVATE)

    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_permissions_follow_the_purpose_and_not_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_whole(path, b"", mode=PUBLIC)
    write_whole(path, b"", mode=PRIVATE)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_refused_write_is_named_and_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    with pytest.raises(Fault, match=r"cannot write .*/file/key\.pem: File exists"):
        write_whole(tmp_path / "file" / "key.pem", b"new", mode=PRIVATE)
    assert (tmp_path / "file").read_bytes() == b"old"
