"""Writing files so that nobody ever reads half of one, and a power cut leaves the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE = 0o600
"""For keys and for whatever names people."""

PUBLIC = 0o644


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path`, whose folder must be there. Raise OSError; an earlier file is then untouched.

    The draft's name begins with a dot and does not end in the file's ending, so nobody who watches the folder for
    `*.xml` or for a prefix takes it up.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask says
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk as well."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
