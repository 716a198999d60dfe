"""Writing a file so that a power cut leaves either the one before or the new one."""

from __future__ import annotations

import os
from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason

PRIVATE = 0o600
PUBLIC = 0o644


def put_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path`, whose folder is there, with these permission bits. Raise OSError.

    The file before, if any, is untouched when it does.
    """
    draft = path.with_name(f".{path.name}.draft")
    # What a killed process left may have other permission bits: begin with nothing.
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)  # whatever the umask says
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    flush_folder(path.parent)


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Do the same, making a folder of the owner's own if there is none. Raise Fault (part `disk`)."""
    try:
        make_folder(path.parent)
        put_whole(path, content, mode=mode)
    except OSError as error:
        raise Fault(f"cannot write {path}: {error.strerror}", part="disk", reason=Reason.INTERNAL_FAULT) from error


def make_folder(folder: Path) -> None:
    """Make a folder of the owner's own where there is none, through to the disk. Raise OSError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in reversed(missing):
        flush_folder(each.parent)


def flush_folder(folder: Path) -> None:
    """Bring a folder's own entries to the disk. Raise OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def overwrite(path: Path) -> None:
    """Delete a file, its content overwritten first; a memory card may keep an old copy all the same.

    A file that is not there is fine. Raise Fault (part `disk`) for one that stays.
    """
    try:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(b"\0" * size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise Fault(f"cannot delete {path}: {error.strerror}", part="disk", reason=Reason.INTERNAL_FAULT) from error
