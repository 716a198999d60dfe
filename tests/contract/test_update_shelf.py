"""What every shelf of versions promises: a folder of the file system, in this life and the next."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Offer, Refusal
from device.drivers.update_shelf import UpdateShelf
from device.ports.updates import Shelf

NextShelf = Callable[[], Shelf]
CONTENT = {"weights.bin": b"1234567890", "more/a": b"a" * 2000}


def offer(version: str, kind: Kind = Kind.MODELS, content: dict[str, bytes] = CONTENT) -> Offer:
    return Offer(
        kind=kind,
        version=version,
        platform="any",
        minimum=None,
        size=1,
        unpacked=sum(map(len, content.values())),
        files=len(content),
        reason_ja="試し",
        reason_en="trial",
        released_at=datetime(2026, 6, 1, tzinfo=UTC),
    )


@pytest.fixture(params=["folder"])
def next_shelf(request: pytest.FixtureRequest, tmp_path: Path) -> NextShelf:
    """The shelf as the next life of the unit finds it."""
    del request
    return lambda: UpdateShelf(tmp_path / "updates")


@pytest.fixture
def shelf(next_shelf: NextShelf) -> Shelf:
    shelf = next_shelf()
    with shelf.held():
        shelf.sweep()
    return shelf


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in CONTENT.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            packed.writestr(info, content)
    path = tmp_path / "bundle.zip"
    path.write_bytes(buffer.getvalue())
    return path


def test_an_empty_shelf_has_nothing_and_nothing_is_current(shelf: Shelf) -> None:
    assert shelf.read() == b""
    for kind in Kind:
        assert shelf.present(kind) == []
        assert shelf.current(kind) is None


def test_a_version_lies_beside_the_others_whole_and_is_not_current_by_that(shelf: Shelf, archive: Path) -> None:
    for version in ("1.0", "1.1"):
        shelf.unpack(archive, offer(version))
        folder = shelf.folder(Kind.MODELS, version)
        assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == (
            CONTENT
        )
    assert shelf.present(Kind.MODELS) == ["1.0", "1.1"]
    assert shelf.present(Kind.VOICE) == []
    assert shelf.current(Kind.MODELS) is None


def test_what_lies_there_already_is_not_unpacked_again(shelf: Shelf, archive: Path) -> None:
    shelf.unpack(archive, offer("1.0"))
    archive.write_bytes(b"something else by now")
    shelf.unpack(archive, offer("1.0"))
    assert shelf.present(Kind.MODELS) == ["1.0"]


def test_one_version_is_current_until_another_is_and_none_when_told_so(
    shelf: Shelf, next_shelf: NextShelf, archive: Path
) -> None:
    for version in ("1.0", "1.1"):
        shelf.unpack(archive, offer(version))
        shelf.switch(Kind.MODELS, version)
        assert shelf.current(Kind.MODELS) == version
        assert next_shelf().current(Kind.MODELS) == version
    shelf.switch(Kind.MODELS, None)
    assert next_shelf().current(Kind.MODELS) is None
    assert shelf.present(Kind.MODELS) == ["1.0", "1.1"]


def test_kinds_do_not_know_of_each_other(shelf: Shelf, archive: Path) -> None:
    shelf.unpack(archive, offer("1.0"))
    shelf.unpack(archive, offer("2.0", Kind.VOICE))
    shelf.switch(Kind.VOICE, "2.0")
    assert shelf.current(Kind.MODELS) is None
    assert (shelf.present(Kind.MODELS), shelf.present(Kind.VOICE)) == (["1.0"], ["2.0"])


def test_what_is_removed_is_gone_and_the_current_one_stays(shelf: Shelf, next_shelf: NextShelf, archive: Path) -> None:
    for version in ("1.0", "1.1"):
        shelf.unpack(archive, offer(version))
    shelf.switch(Kind.MODELS, "1.1")
    shelf.remove(Kind.MODELS, "1.0")
    assert next_shelf().present(Kind.MODELS) == ["1.1"]
    assert next_shelf().current(Kind.MODELS) == "1.1"


@pytest.mark.parametrize(
    "content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "nothing in it"]
)
def test_an_archive_that_is_none_is_refused_and_leaves_nothing(shelf: Shelf, archive: Path, content: bytes) -> None:
    archive.write_bytes(content)
    with pytest.raises(UpdateRefused) as refused:
        shelf.unpack(archive, offer("1.0"))
    assert refused.value.refusal is Refusal.BAD_ARCHIVE
    assert shelf.present(Kind.MODELS) == []


def test_what_was_written_down_is_read_in_the_next_life(shelf: Shelf, next_shelf: NextShelf) -> None:
    for ledger in (b"first", b"", b"\x00\xff" * 500):
        shelf.write(ledger)
        assert next_shelf().read() == ledger


def test_one_at_a_time_may_change_it(shelf: Shelf, next_shelf: NextShelf) -> None:
    with shelf.held(), pytest.raises(UpdateRefused) as refused, next_shelf().held():
        pass
    assert refused.value.refusal is Refusal.BUSY
    with next_shelf().held():
        pass


def test_what_was_on_its_way_is_swept_away_and_nothing_else(shelf: Shelf, archive: Path) -> None:
    shelf.unpack(archive, offer("1.0"))
    shelf.switch(Kind.MODELS, "1.0")
    (shelf.staging / "half").write_bytes(b"half")
    shelf.sweep()
    assert list(shelf.staging.iterdir()) == []
    assert shelf.current(Kind.MODELS) == "1.0"
