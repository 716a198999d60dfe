"""Versions side by side on the unit's disk, and what is known about them.

    <folder>/ledger.json                  what is current, under way, before (device.update.ledger)
    <folder>/<kind>/versions/<version>/   a version, whole or not there
    <folder>/<kind>/current               a link to one of them
    <folder>/staging/                     what is on its way; nothing in it counts

A version is unpacked in staging, written through to the disk and then renamed, so its name vouches for its content.
The link is replaced by rename, so it always leads somewhere.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from device.domain.errors import UpdateRefused
from device.domain.updates import Kind, Offer, Refusal
from device.update.archive import Member, Placed, placed
from device.whole_file import PUBLIC, flush_folder, put_whole
from device.wire.updates import MAX_ARCHIVE_BYTES

BLOCK: Final = 256 * 1024
MOST_DIRECTORY: Final = 8 * 1024 * 1024
"""Bytes of a zip's own directory, which is read into memory before anything in it can be judged."""
_END_RECORD: Final = 22
_UNSOUND: Final = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, ValueError)
_FOLDER: Final = 0o755
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
SPARE: Final = 32 * 1024 * 1024
"""Left on the disk for results that wait and for the system."""


class UpdateShelf:
    """The `Shelf` in a folder of the file system."""

    def __init__(self, folder: Path) -> None:
        """Every error of the disk leaves as UpdateRefused(DISK)."""
        self._folder = folder
        self._staging = folder / "staging"

    @property
    def staging(self) -> Path:
        """A folder for what is on its way."""
        return self._staging

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from changing anything. Raise UpdateRefused(BUSY) where somebody does already."""
        with _disk():
            _open_to_readers(self._folder)
            handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UpdateRefused("another update is under way", refusal=Refusal.BUSY) from error
            yield
        finally:
            os.close(handle)

    def read(self) -> bytes:
        """Return what was written down last, empty where nothing was."""
        path = self._folder / "ledger.json"
        with _disk():
            return path.read_bytes() if path.exists() else b""

    def write(self, ledger: bytes) -> None:
        """Write down what is known, through to the disk."""
        with _disk():
            put_whole(self._folder / "ledger.json", ledger, mode=PUBLIC)

    def present(self, kind: Kind) -> list[str]:
        """Return the versions that lie there whole."""
        versions = self._folder / kind / "versions"
        with _disk():
            return sorted(path.name for path in versions.iterdir()) if versions.is_dir() else []

    def current(self, kind: Kind) -> str | None:
        """Return the current version; None where none was ever taken, or the link leads nowhere."""
        link = self._folder / kind / "current"
        with _disk():
            return link.readlink().name if link.is_symlink() and link.is_dir() else None

    def folder(self, kind: Kind, version: str) -> Path:
        """Return where a version lies."""
        return self._folder / kind / "versions" / version

    def unpack(self, archive: Path, offer: Offer) -> None:
        """Put a version beside the others; where it lies there already nothing changes."""
        target = self.folder(offer.kind, offer.version)
        if target.is_dir():
            return
        draft = self.staging / f"{offer.kind}-{offer.version}"
        with _disk():
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            if shutil.disk_usage(draft).free < offer.unpacked + SPARE:
                raise UpdateRefused(f"{offer.unpacked} bytes are needed", refusal=Refusal.NO_ROOM)
            _unpack(archive, offer, draft)
            _open_to_readers(target.parent)
            flush_folder(target.parent.parent)
            draft.rename(target)
            flush_folder(target.parent)

    def switch(self, kind: Kind, version: str | None) -> None:
        """Make a version the current one, at once."""
        link = self._folder / kind / "current"
        with _disk():
            _open_to_readers(link.parent)
            if version is None:
                link.unlink(missing_ok=True)
            else:
                draft = link.with_name(".current.draft")
                draft.unlink(missing_ok=True)
                draft.symlink_to(Path("versions") / version)
                draft.replace(link)
            flush_folder(link.parent)

    def remove(self, kind: Kind, version: str) -> None:
        """Throw a version away; it is gone at once, its files soon."""
        doomed = self.staging / f"doomed-{kind}-{version}"
        with _disk():
            self.staging.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(doomed, ignore_errors=True)
            self.folder(kind, version).rename(doomed)
            shutil.rmtree(doomed)

    def sweep(self) -> None:
        """Throw away what was on its way."""
        with _disk():
            shutil.rmtree(self.staging, ignore_errors=True)
            self.staging.mkdir(parents=True, exist_ok=True)


def _unpack(archive: Path, offer: Offer, folder: Path) -> None:
    try:
        with archive.open("rb") as file:
            _check_directory(file)
            with zipfile.ZipFile(file) as bundle:
                if any(info.compress_type not in _METHODS for info in bundle.infolist()):
                    raise zipfile.BadZipFile("packed by a method that bundles do not use")
                entries = {info.filename: info for info in bundle.infolist()}
                members = [
                    Member(info.filename, info.file_size, info.external_attr >> 16, bool(info.flag_bits & 1))
                    for info in bundle.infolist()
                ]
                for place in placed(members, offer):
                    with bundle.open(entries[str(place.path)]) as packed:
                        _copy(packed, place, folder)
    except _UNSOUND as error:
        raise UpdateRefused(f"{offer.target} is no sound zip: {error}", refusal=Refusal.BAD_ARCHIVE) from error
    except OSError as error:
        # A directory that points before the file's beginning.
        if error.errno != errno.EINVAL:
            raise
        raise UpdateRefused(f"{offer.target} is no sound zip", refusal=Refusal.BAD_ARCHIVE) from error
    for path, _, _ in os.walk(folder, topdown=False):
        Path(path).chmod(_FOLDER)
        flush_folder(Path(path))


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a zip whose directory is larger than any honest one, before it is read; nor is zip64 ever needed."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_RECORD))
    end = file.read(_END_RECORD)
    # Signature, then at 12 the directory's size. Ours have no comment, so the record is the file's end.
    if size > MAX_ARCHIVE_BYTES or len(end) != _END_RECORD or end[:4] != b"PK\5\6":
        raise zipfile.BadZipFile("it does not end as one")
    if int.from_bytes(end[12:16], "little") > MOST_DIRECTORY:
        raise zipfile.BadZipFile("its directory is too large")
    file.seek(0)


def _copy(packed: IO[bytes], place: Placed, folder: Path) -> None:
    """Write one file, no byte more than was said; the memory that it takes is one block."""
    path = folder / place.path
    path.parent.mkdir(parents=True, exist_ok=True)
    left = place.size
    mode = 0o755 if place.executable else 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask says
        while block := packed.read(min(BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{place.path} is larger than it says")
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if left:
        raise zipfile.BadZipFile(f"{place.path} is shorter than it says")


def _open_to_readers(folder: Path) -> None:
    """Make a folder that whoever serves visitors can read, whatever the umask of whoever updates."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(_FOLDER)


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UpdateRefused(f"{error.filename or 'the disk'}: {error.strerror}", refusal=Refusal.DISK) from error
