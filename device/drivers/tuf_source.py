"""A repository of signed updates, read by python-tuf's own client. What it refuses gets a code of ours here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from tuf.api import exceptions
from tuf.api.metadata import Metadata, TargetFile, Targets
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from device.domain.errors import UpdateRefused
from device.domain.updates import Offer, Refusal
from device.wire.updates import MAX_ARCHIVE_BYTES, About

LIMITS: Final = UpdaterConfig(
    max_root_rotations=32,
    max_delegations=1,
    root_max_length=65_536,
    timestamp_max_length=16_384,
    snapshot_max_length=65_536,
    targets_max_length=2_000_000,
)
"""Bytes and steps: some hundred versions fit, and a hostile server fills nobody's memory."""

_CODES: Final = (
    (exceptions.UnsignedMetadataError, Refusal.NOT_SIGNED),
    (exceptions.ExpiredMetadataError, Refusal.EXPIRED),
    (exceptions.BadVersionNumberError, Refusal.ROLLED_BACK),
    (exceptions.LengthOrHashMismatchError, Refusal.MIXED),
    (exceptions.DownloadLengthMismatchError, Refusal.TOO_LARGE),
    (exceptions.DownloadError, Refusal.UNREACHABLE),
    (exceptions.RepositoryError, Refusal.MIXED),
)
"""Looked through in this order."""


class TufSource:
    """The `UpdateSource` of one repository, seen from the root that was pinned when the unit was enrolled."""

    def __init__(self, *, root: Path, cache: Path, address: str, fetcher: FetcherInterface) -> None:
        """`cache` keeps what was seen last, so that an older state is noticed; `address` ends before metadata/."""
        self._root = root
        self._cache = cache
        self._address = address.rstrip("/")
        self._fetcher = fetcher
        self._updater: Updater | None = None
        self._targets: dict[str, TargetFile] = {}

    def offers(self, now: datetime) -> list[Offer]:
        """Read the repository's state. Raise UpdateRefused with the reason."""
        try:
            pinned = self._root.read_bytes()
        except OSError as error:
            raise UpdateRefused(f"{self._root}: {error.strerror}", refusal=Refusal.NO_TRUST) from error
        with _coded():
            self._updater = self._open(pinned)
            # Expiry is judged by the time that the unit trusts, not by whatever its clock says.
            self._updater._trusted_set.reference_time = now  # noqa: SLF001  the client has no other door for it
            self._updater.refresh()
            listed = Metadata[Targets].from_file(str(self._cache / "targets.json")).signed.targets
        _write_through(self._cache)
        self._targets = listed
        return [_offer(name, target) for name, target in listed.items()]

    def fetch(self, offer: Offer, path: Path) -> None:
        """Put an archive of the last `offers` at `path`. Raise UpdateRefused."""
        if self._updater is None:
            raise ValueError("nothing was offered yet")
        with _coded(altered=True):
            self._updater.download_target(self._targets[offer.target], str(path))

    def _open(self, pinned: bytes) -> Updater:
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            for leftover in self._cache.glob("tmp*"):
                leftover.unlink()
            return Updater(
                str(self._cache),
                f"{self._address}/metadata/",
                target_base_url=f"{self._address}/targets/",
                fetcher=self._fetcher,
                config=LIMITS,
                bootstrap=pinned,
            )
        except exceptions.RepositoryError as error:
            raise UpdateRefused(f"{self._root}: {error}", refusal=Refusal.NO_TRUST) from error


def _offer(name: str, target: TargetFile) -> Offer:
    try:
        about = msgspec.convert(target.unrecognized_fields.get("custom"), About)
    except (msgspec.ValidationError, ValueError) as error:
        raise UpdateRefused(f"{name[:80]!r}: {error}", refusal=Refusal.BAD_TARGET) from error
    if about.target != name:
        raise UpdateRefused(f"{name[:80]!r} must be called {about.target!r}", refusal=Refusal.BAD_TARGET)
    if target.length > MAX_ARCHIVE_BYTES:
        raise UpdateRefused(f"{name!r} has {target.length} bytes", refusal=Refusal.TOO_LARGE)
    return Offer(
        kind=about.kind,
        version=about.version,
        platform=about.platform,
        minimum=about.minimum,
        size=target.length,
        unpacked=about.unpacked,
        files=about.files,
        reason_ja=about.reason.ja,
        reason_en=about.reason.en,
        released_at=about.released_at,
    )


@contextlib.contextmanager
def _coded(*, altered: bool = False) -> Iterator[None]:
    try:
        yield
    except (exceptions.RepositoryError, exceptions.DownloadError) as error:
        refusal = next(code for kind, code in _CODES if isinstance(error, kind))
        if altered and refusal is Refusal.MIXED:
            refusal = Refusal.ALTERED
        raise UpdateRefused(str(error), refusal=refusal) from error
    except OSError as error:
        raise UpdateRefused(f"{error.filename or 'the disk'}: {error.strerror}", refusal=Refusal.DISK) from error


def _write_through(folder: Path) -> None:
    # The client renames without flushing; an empty file after a power cut would forget what was seen last.
    for path in (*folder.glob("*.json"), folder / "root_history", folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
