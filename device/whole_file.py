"""Files that are there whole or not at all, for every program of ours: a power cut leaves the old one or the new one.

It stands below everything and knows nothing of ours: what a disk's refusal means is said by whoever writes.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600
"""For keys and for whatever names people: nobody else reads them, not even between creation and chmod."""
PUBLIC = 0o644


def put_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path`, whose folder is there, with these permission bits. Raise OSError.

    The file before, if any, is untouched when it does. The draft's name begins with a dot and does not end as the
    file's, so nobody who watches the folder for `*.xml` or for a prefix takes it up.
    """
    draft = path.with_name(f".{path.name}.draft")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # One at a time, whichever thread or process: two would write into one draft. File systems without locks
        # (a share of the receipt computer's) have one program of ours that writes there.
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        # What a killed process left may have other permission bits: begin with nothing.
        draft.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
                os.fchmod(file.fileno(), mode)  # whatever the umask says
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        os.fsync(folder)
    finally:
        os.close(folder)


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
