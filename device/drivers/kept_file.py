"""Files that a unit keeps: written whole, wiped where they were secret; what its disk refuses is a fault."""

from __future__ import annotations

import os
from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.whole_file import make_folder, put_whole


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path`, making a folder of the owner's own if there is none. Raise Fault (part `disk`)."""
    try:
        make_folder(path.parent)
        put_whole(path, content, mode=mode)
    except OSError as error:
        raise Fault(f"cannot write {path}: {error.strerror}", part="disk", reason=Reason.INTERNAL_FAULT) from error


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
