"""What a bundle may hold, held even against those who sign."""

from __future__ import annotations

import contextlib
import io
import struct
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Offer, Refusal
from device.drivers.update_shelf import UpdateShelf
from device.update.archive import Member, placed

FILE = 0o100644


def offer(files: int, unpacked: int) -> Offer:
    return Offer(
        kind=Kind.MODELS,
        version="1.0",
        platform="any",
        minimum=None,
        size=1,
        unpacked=unpacked,
        files=files,
        reason_ja="試し",
        reason_en="trial",
        released_at=datetime(2026, 6, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "name",
    ["../x", "/x", "a/../../x", "a//x", "a/", "./x", "", "a\\x", "C:x", "x\n", "\x00", "a/" * 30 + "x", "y" * 300],
)
def test_a_name_that_leads_out_or_is_none_is_refused(name: str) -> None:
    with pytest.raises(UpdateRefused) as refused:
        placed([Member(name, 1, FILE)], offer(1, 1))
    assert refused.value.refusal is Refusal.BAD_ARCHIVE


@pytest.mark.parametrize("mode", [0o120777, 0o040755, 0o020644, 0o060644, 0o010644, 0o140644])
def test_links_folders_devices_pipes_and_sockets_are_refused(mode: int) -> None:
    with pytest.raises(UpdateRefused, match="link, a folder or a device"):
        placed([Member("x", 1, mode)], offer(1, 1))


@pytest.mark.parametrize("names", [("x", "x"), ("x", "X"), ("x", "x/y"), ("x/y", "x"), ("x/y", "X")])
def test_one_place_holds_one_file(names: tuple[str, str]) -> None:
    with pytest.raises(UpdateRefused, match="is there twice"):
        placed([Member(name, 1, FILE) for name in names], offer(2, 2))


@pytest.mark.parametrize(("files", "unpacked"), [(1, 2), (2, 1), (3, 2), (2, 3)])
def test_neither_more_nor_less_than_was_signed_for(files: int, unpacked: int) -> None:
    with pytest.raises(UpdateRefused, match="signed for"):
        placed([Member("x", 1, FILE), Member("y", 1, FILE)], offer(files, unpacked))


@given(st.text(max_size=40))
def test_whatever_it_is_called_it_stays_inside(name: str) -> None:
    try:
        [one] = placed([Member(name, 1, FILE)], offer(1, 1))
    except UpdateRefused:
        return
    assert not one.path.is_absolute()
    assert ".." not in one.path.parts
    assert str(one.path) == name


@pytest.fixture
def shelf(tmp_path: Path) -> UpdateShelf:
    return UpdateShelf(tmp_path / "updates")


def refusal(shelf: UpdateShelf, tmp_path: Path, data: bytes, *, files: int = 1, unpacked: int = 10) -> str:
    archive = tmp_path / "bundle.zip"
    archive.write_bytes(data)
    with pytest.raises(UpdateRefused) as refused:
        shelf.unpack(archive, offer(files, unpacked))
    assert refused.value.refusal is Refusal.BAD_ARCHIVE
    assert shelf.present(Kind.MODELS) == []
    return str(refused.value)


def zipped(content: bytes, *, mode: int = FILE, name: str = "x") -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return bytearray(buffer.getvalue())


def test_a_bomb_stops_at_the_size_that_it_says(shelf: UpdateShelf, tmp_path: Path) -> None:
    bomb = zipped(b"\0" * 50_000_000)
    directory = bomb.index(b"PK\x01\x02")
    bomb[directory + 24 : directory + 28] = struct.pack("<I", 10)  # the size that its directory says
    refusal(shelf, tmp_path, bytes(bomb))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 200_000


def test_a_bomb_that_says_its_size_is_more_than_was_signed_for(shelf: UpdateShelf, tmp_path: Path) -> None:
    assert "signed for" in refusal(shelf, tmp_path, bytes(zipped(b"\0" * 50_000_000)))


def test_a_link_in_a_real_archive_is_refused(shelf: UpdateShelf, tmp_path: Path) -> None:
    assert "link" in refusal(shelf, tmp_path, bytes(zipped(b"/etc/passwd", mode=0o120777)), unpacked=11)


def test_a_directory_that_would_fill_the_memory_is_not_read(shelf: UpdateShelf, tmp_path: Path) -> None:
    large = zipped(b"0123456789")
    large[-10:-6] = struct.pack("<I", 0xFFFF_FFF0)
    assert "directory is too large" in refusal(shelf, tmp_path, bytes(large))


@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_broken_archive_is_refused_or_is_what_it_says(position: int, value: int) -> None:
    data = zipped(b"0123456789")
    data[position % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        shelf, archive = UpdateShelf(Path(folder) / "updates"), Path(folder) / "bundle.zip"
        archive.write_bytes(data)
        with contextlib.suppress(UpdateRefused):
            shelf.unpack(archive, offer(1, 10))
        files = [path for path in shelf.folder(Kind.MODELS, "1.0").rglob("*") if path.is_file()]
        assert [path.read_bytes() for path in files] in ([], [b"0123456789"])


@pytest.mark.parametrize("data", [b"", b"PK", b"\x1f\x8b" + b"\0" * 40, bytes(zipped(b"0123456789"))[:-5]])
def test_what_is_no_zip_is_refused(shelf: UpdateShelf, tmp_path: Path, data: bytes) -> None:
    refusal(shelf, tmp_path, data)
