"""Writing files so that a power cut leaves either the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason

PRIVATE = 0o600
"""For keys: nobody but the owner reads them, not even for the moment between creation and chmod."""

PUBLIC = 0o644


def write_atomically(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path` with permission bits `mode`, making the folder if needed.

    Raise Fault (part `files`) naming the path when the disk refuses; the earlier file, if any, is then untouched.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A draft that a killed process left behind may have other permission bits: start from nothing.
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the umask says
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Fault(
            f"cannot write {path}: {error.strerror or error}", part="files", reason=Reason.INTERNAL_FAULT
        ) from error
