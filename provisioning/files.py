"""Files of a site or a fleet: written whole; what the disk refuses is a fault."""

from __future__ import annotations

from pathlib import Path

from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.whole_file import put_whole


def write_whole(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path` with permission bits `mode`, making the folder if needed.

    Raise Fault (part `files`) naming the path when the disk refuses; the earlier file, if any, is then untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_whole(path, content, mode=mode)
    except OSError as error:
        raise Fault(
            f"cannot write {path}: {error.strerror or error}", part="files", reason=Reason.INTERNAL_FAULT
        ) from error
