"""What updating needs of the world: a repository to read, a shelf that holds versions side by side, a trial."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from device.domain.updates import Kind, Offer


class UpdateSource(Protocol):
    """A repository of signed updates. What comes out of it was signed by those whom the pinned root names."""

    def offers(self, now: datetime) -> list[Offer]:
        """Return what is offered, judging expiry at `now`. Raise UpdateRefused with the reason."""

    def fetch(self, offer: Offer, path: Path) -> None:
        """Put an offered archive at `path`, checked, within its signed size. Raise UpdateRefused."""


class Shelf(Protocol):
    """Versions side by side, one of them current. Every change is there whole or not at all, also after a power cut."""

    @property
    def staging(self) -> Path:
        """A folder for what is on its way."""

    def held(self) -> AbstractContextManager[None]:
        """Keep everybody else from changing anything. Raise UpdateRefused(BUSY) where somebody does already."""

    def read(self) -> bytes:
        """Return what was written down last, empty where nothing was."""

    def write(self, ledger: bytes) -> None:
        """Write down what is known; when this returns it survives a power cut."""

    def sweep(self) -> None:
        """Throw away what was on its way."""

    def present(self, kind: Kind) -> list[str]:
        """Return the versions that lie there whole."""

    def current(self, kind: Kind) -> str | None:
        """Return the current version; None where none was ever taken."""

    def folder(self, kind: Kind, version: str) -> Path:
        """Return where a version lies."""

    def unpack(self, archive: Path, offer: Offer) -> None:
        """Put a version beside the others. Raise UpdateRefused (BAD_ARCHIVE, NO_ROOM, DISK); then nothing is there."""

    def switch(self, kind: Kind, version: str | None) -> None:
        """Make a version the current one, at once; None: none is, what the image brought counts again."""

    def remove(self, kind: Kind, version: str) -> None:
        """Throw a version away that is not current."""


class Trial(Protocol):
    """Finds out whether a version works."""

    def complaint(self, kind: Kind, version: str, folder: Path) -> str | None:
        """Try a version that lies beside the current one, before it is switched to; return what is wrong."""

    def start(self) -> str | None:
        """Let the unit run with what is current now and watch it for a while; return what is wrong with it."""
