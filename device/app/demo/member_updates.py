"""A simulated unit's updates: a real repository, real versions in a folder of its own, a trial that is told its end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography import x509

from device.app.update_clerk import UpdateClerk
from device.app.updating import Updating
from device.domain.updates import Kind
from device.drivers.system import SystemClock
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher
from device.drivers.update_shelf import UpdateShelf
from device.drivers.update_spool import read_reports, write_reports
from device.update.jobs import read_book
from device.wire.rollout import UpdateReport


class MemberUpdates:
    """What a unit takes versions with, on a thread of its own."""

    def __init__(
        self,
        unit: str,
        folder: Path,
        public: Path,
        *,
        authority: x509.Certificate,
        ill_with: str | None,
        say: Callable[[UpdateReport], None],
    ) -> None:
        """`public` is the repository; `ill_with` the version that this unit does not run well with."""
        folder.mkdir(parents=True, exist_ok=True)
        shelf = UpdateShelf(folder)
        self._ill_with = ill_with
        self._shelf = shelf
        self.updating = Updating(shelf=shelf, trial=self, clock=SystemClock(), platform="any")
        reports = folder / "reports.json"
        self._clerk = UpdateClerk(
            unit=unit,
            authority=authority,
            updating=self.updating,
            source=lambda: TufSource(
                root=public / "metadata/1.root.json",
                cache=folder / "metadata",
                address=FOLDER_URL,
                fetcher=FolderFetcher(public, shelf.staging),
            ),
            book=read_book(read_reports(reports)),
            keep=lambda book: write_reports(reports, book),
            say=say,
        )
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"updates {unit}")

    def hear(self, payload: bytes) -> None:
        """Take an order."""
        self._pool.submit(self._clerk.handle, payload)

    def close(self) -> None:
        """Finish what is under way."""
        self._pool.shutdown()

    # --- Trial ----------------------------------------------------------------------------------------------------

    def complaint(self, kind: Kind, version: str, folder: Path) -> None:
        """Find nothing: the fault of this show is one that only shows when the unit runs."""
        del kind, version, folder

    def start(self) -> str | None:
        """Fall ill with the one version."""
        ill = self._ill_with is not None and self._shelf.current(Kind.VOICE) == self._ill_with
        return "the loudspeaker stays silent" if ill else None
