"""The same source gives the same bytes, whoever builds it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deb.fresh_system import make_package
from deb.target import Target


def test_two_builds_are_the_same_to_the_last_bit(target: Target, package: Path, tmp_path: Path) -> None:
    again = make_package(target, 1, tmp_path)
    assert again.name == package.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()
