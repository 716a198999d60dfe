"""What may be in a bundle. The list that names it is signed; this holds even against whoever signs."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from device.domain.errors import UpdateRefused
from device.domain.updates import Offer, Refusal

LONGEST_NAME: Final = 255
DEEPEST: Final = 24


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, as its directory describes it."""

    name: str
    size: int
    """Bytes when unpacked, says the archive; the unpacking holds it to that."""
    mode: int
    """As in stat(2), or 0 where the archive does not say."""
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A member that may be unpacked."""

    path: PurePosixPath
    size: int
    executable: bool


def placed(members: Iterable[Member], offer: Offer) -> list[Placed]:
    """Return where each member goes. Raise UpdateRefused(BAD_ARCHIVE) naming the first that breaks a rule."""
    found: dict[str, Placed] = {}
    folders: set[str] = set()
    total = 0
    for member in members:
        path = _path(member)
        total += member.size
        # On a file system without capital letters two names would be one file.
        key = str(path).casefold()
        if key in found or key in folders or any(str(parent).casefold() in found for parent in path.parents):
            _refuse(member.name, "is there twice")
        folders |= {str(parent).casefold() for parent in path.parents}
        found[key] = Placed(path, member.size, executable=bool(member.mode & stat.S_IXUSR))
        if len(found) > offer.files or total > offer.unpacked:
            _refuse(member.name, f"is more than the {offer.files} files of {offer.unpacked} bytes that were signed for")
    if len(found) != offer.files or total != offer.unpacked:
        raise UpdateRefused(
            f"{len(found)} files of {total} bytes, but {offer.files} of {offer.unpacked} were signed for",
            refusal=Refusal.BAD_ARCHIVE,
        )
    return list(found.values())


def _path(member: Member) -> PurePosixPath:
    name = member.name
    if member.mode and not stat.S_ISREG(member.mode):
        _refuse(name, "is a link, a folder or a device")
    if member.encrypted:
        _refuse(name, "is encrypted")
    if not name or len(name.encode()) > LONGEST_NAME or not name.isprintable() or "\\" in name or ":" in name:
        _refuse(name, "is no name for a file")
    parts = name.split("/")
    # An empty first part is an absolute path, an empty last one a folder.
    if len(parts) > DEEPEST or any(part in {"", ".", ".."} for part in parts):
        _refuse(name, "leads out of the bundle")
    return PurePosixPath(name)


def _refuse(name: str, why: str) -> None:
    raise UpdateRefused(f"{name[:80]!r} {why}", refusal=Refusal.BAD_ARCHIVE)
