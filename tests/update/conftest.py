"""A repository with real keys, what it publishes, and units that read it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from device.app.updating import Updating
from device.domain.updates import Kind
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher
from device.drivers.update_shelf import UpdateShelf
from device.wire.texts import Text
from device.wire.updates import About
from provisioning.updates.packing import Content, describe, write_bundle
from provisioning.updates.repository import Founders, Repository

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
WHY = Text(ja="間違い直し", en="Corrections")


class StoppedClock:
    """A clock whose wall time a test sets, and whose word may be worth nothing."""

    def __init__(self, now: datetime = NOW, *, trusted: bool = True) -> None:
        self.now = now
        self.trusted = trusted

    def monotonic_s(self) -> float:
        return 0.0

    def utc_now(self) -> datetime:
        return self.now

    def utc_now_if_trusted(self) -> datetime | None:
        return self.now if self.trusted else None


@dataclass
class SaidTrial:
    """A trial whose outcome a test says beforehand."""

    before: str | None = None
    after: list[str | None] = field(default_factory=list)

    def complaint(self, kind: Kind, version: str, folder: Path) -> str | None:
        del kind, version, folder
        return self.before

    def start(self) -> str | None:
        return self.after.pop(0) if self.after else None


class Publisher:
    """Whoever publishes: a repository and all its offline keys."""

    def __init__(self, folder: Path, *, now: datetime = NOW) -> None:
        self.folder = folder
        self.root = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.targets = [CryptoSigner.generate_ed25519() for _ in range(2)]
        self.repository = Repository(folder)
        founders = Founders(root=self.root, root_threshold=2, targets=self.targets, targets_threshold=2)
        self.repository.found(founders, now=now)

    @property
    def public(self) -> Path:
        return self.repository.public

    def bundle(self, kind: Kind, version: str, content: dict[str, Content] | None = None) -> Path:
        path = self.folder / "bundles" / f"{kind}-{version}.zip"
        write_bundle(path, content or {f"{kind}.txt": Content(version.encode()), "more/a": Content(b"a" * 2000)})
        return path

    def stage(
        self,
        kind: Kind,
        version: str,
        content: dict[str, Content] | None = None,
        *,
        now: datetime = NOW,
        platform: str = "any",
        minimum: str | None = None,
    ) -> About:
        bundle = self.bundle(kind, version, content)
        about = describe(
            bundle, kind=kind, version=version, reason=WHY, released_at=now, platform=platform, minimum=minimum
        )
        self.repository.add(bundle, about, now=now)
        return about

    def publish(self, *, now: datetime = NOW) -> None:
        if self.repository.missing():
            for signer in (*self.targets, *self.root):
                if any(signer.public_key.keyid in lacking.of for lacking in self.repository.missing()):
                    self.repository.sign(signer)
        self.repository.publish(now=now)

    def offer(
        self,
        kind: Kind,
        version: str,
        content: dict[str, Content] | None = None,
        *,
        now: datetime = NOW,
        platform: str = "any",
        minimum: str | None = None,
    ) -> About:
        about = self.stage(kind, version, content, now=now, platform=platform, minimum=minimum)
        self.publish(now=now)
        return about

    def copy(self, name: str) -> Path:
        """Copy what is public, as somebody who stands in between would."""
        return shutil.copytree(self.public, self.folder / name)


class UpdatedUnit:
    """A unit that trusts a root and reads folders."""

    def __init__(self, folder: Path, root: Path, *, trial: SaidTrial | None = None, image: str | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.root = shutil.copy(root, folder / "root.json")
        self.clock = StoppedClock()
        self.trial = trial or SaidTrial()
        self.updates = folder / "updates"
        self.shelf = UpdateShelf(self.updates)
        self.image = {} if image is None else {Kind.SOFTWARE: image}

    @property
    def updating(self) -> Updating:
        return Updating(
            shelf=self.shelf, trial=self.trial, clock=self.clock, platform="linux_x86_64_cp311", image=self.image
        )

    def source(self, public: Path) -> TufSource:
        return TufSource(
            root=Path(self.root),
            cache=self.updates / "metadata",
            address=FOLDER_URL,
            fetcher=FolderFetcher(public, self.shelf.staging),
        )

    def content(self) -> dict[str, str]:
        """Return digests of every file that counts, by name: what an attack must not change."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "metadata" not in path.parts and "staging" not in path.parts
        }


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "publisher")


@pytest.fixture
def make_publisher() -> Callable[[Path], Publisher]:
    return Publisher


@pytest.fixture
def unit(tmp_path: Path, publisher: Publisher) -> UpdatedUnit:
    return UpdatedUnit(tmp_path / "unit", publisher.public / "metadata/1.root.json")


@pytest.fixture
def later() -> Callable[[float], datetime]:
    return lambda days: NOW + timedelta(days=days)
