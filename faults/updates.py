"""A unit is killed before every change that an update makes to its disk.

Each time it must start with a version that is whole, know which, and take the update afterwards.

`python -m faults.updates` prints what was found, as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from securesystemslib.signer import CryptoSigner

from device.app.updating import Updating
from device.domain.errors import UpdateRefused
from device.domain.updates import Kind
from device.drivers.system import SystemClock
from device.drivers.tuf_source import TufSource
from device.drivers.update_fetchers import FOLDER_URL, FolderFetcher
from device.drivers.update_shelf import UpdateShelf
from device.wire.texts import Text
from faults.crashes import MEMORY, Found
from faults.tracer import CHANGES, writes_before_end
from provisioning.updates.packing import Content, describe, write_bundle
from provisioning.updates.repository import Founders, Repository

FILES: Final = 40
KIND: Final = Kind.MODELS
BEFORE: Final = "1.0"
AFTER: Final = "1.1"

OpenShelf = Callable[[Path], UpdateShelf]


class _Trial:
    """A trial in the same process: the tracer sees to one process alone."""

    def __init__(self, *, well: bool) -> None:
        self._well = well
        self._asked = 0

    def complaint(self, kind: Kind, version: str, folder: Path) -> str | None:
        del kind, version
        return None if _is_whole(folder) else "a file is missing"

    def start(self) -> str | None:
        self._asked += 1
        return None if self._well or self._asked > 1 else "it fell over"


def content(version: str) -> dict[str, Content]:
    """Return the files of a version; each says which it belongs to."""
    return {f"part-{number % 7}/file-{number}": Content(f"{version} {number}".encode()) for number in range(FILES)}


def prepare(folder: Path) -> None:
    """Make a repository with both versions in `public`, and a unit with the older one in `unit`."""
    now = datetime.now(UTC)
    keys = [CryptoSigner.generate_ed25519()]
    repository = Repository(folder)
    repository.found(Founders(root=keys, root_threshold=1, targets=keys, targets_threshold=1), now=now)
    shutil.copy(repository.public / "metadata/1.root.json", folder / "root.json")
    for version in (BEFORE, AFTER):
        bundle = folder / f"{version}.zip"
        write_bundle(bundle, content(version))
        why = Text(ja="試し", en="A trial")
        about = describe(bundle, kind=KIND, version=version, reason=why, released_at=now)
        repository.add(bundle, about, now=now)
        repository.sign(keys[0])
        repository.publish(now=now)
        if version == BEFORE:
            update(folder, folder / "unit", well=True)


def update(base: Path, unit: Path, *, well: bool, open_shelf: OpenShelf = UpdateShelf) -> None:
    """Take the newest version, or try to where it is not `well`."""
    shelf = open_shelf(unit)
    fetcher = FolderFetcher(base / "public", shelf.staging)
    source = TufSource(root=base / "root.json", cache=unit / "metadata", address=FOLDER_URL, fetcher=fetcher)
    try:
        _updating(shelf, well=well).apply(KIND, source, again=True)
    except UpdateRefused:
        if well:
            raise


def _updating(shelf: UpdateShelf, *, well: bool = True) -> Updating:
    return Updating(shelf=shelf, trial=_Trial(well=well), clock=SystemClock(), platform="any")


def _is_whole(folder: Path) -> bool:
    version = folder.resolve().name
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return files == {name: each.data for name, each in content(version).items()}


def crash(
    base: Path, kill_at: int | None, *, well: bool, open_shelf: OpenShelf = UpdateShelf
) -> tuple[int | None, list[str]]:
    """Update in a child that is killed before its change `kill_at`; return how many there were, and what is wrong."""
    with tempfile.TemporaryDirectory(dir=base) as place:
        unit = Path(place) / "unit"
        shutil.copytree(base / "unit", unit, symlinks=True)
        changes = writes_before_end(lambda: update(base, unit, well=well, open_shelf=open_shelf), kill_at, CHANGES)
        wrong = _look(base, unit, well=well, killed=kill_at is not None)
    return changes, wrong


def _look(base: Path, unit: Path, *, well: bool, killed: bool) -> list[str]:
    wrong = []
    current = unit / KIND / "current"
    if not _is_whole(current):
        return ["what is current is not whole"]
    wrong += ["it knows of nothing"] * (not _updating(UpdateShelf(unit)).look().of(KIND).current)
    # Cut again at once: what ends the interrupted step may be interrupted itself.
    for again in (1, 4, None):
        writes_before_end(lambda: _settle(unit), again, CHANGES)
    known = _updating(UpdateShelf(unit)).look().of(KIND)
    linked = current.resolve().name
    wrong += [f"{linked} is current, and it believes {known.current}"] * (known.current != linked)
    wrong += ["something is still under way"] * (known.under_way is not None)
    wrong += ["a version is kept whose trial was not passed"] * (linked == AFTER and not well)
    wrong += ["it went back without being told to"] * (linked != AFTER and well and not killed)
    wrong += ["it is not whole any more"] * (not _is_whole(current))
    wrong += ["something is left in staging"] * any((unit / "staging").iterdir())
    update(base, unit, well=True)
    wrong += ["the next update did not succeed"] * (current.resolve().name != AFTER or not _is_whole(current))
    return wrong


def _settle(unit: Path) -> None:
    _updating(UpdateShelf(unit)).settle()


def crash_at(points: Iterable[int], base: Path, *, well: bool, open_shelf: OpenShelf = UpdateShelf) -> Found:
    """Kill before each of these changes; `base` was prepared."""
    found = Found()
    for point in points:
        _, wrong = crash(base, point, well=well, open_shelf=open_shelf)
        found.points += 1
        found.wrong += [f"killed before change {point} ({'good' if well else 'bad'} version): {what}" for what in wrong]
    return found


def crash_everywhere(every: int = 1) -> Found:
    """Kill before every change there is, or every so-manieth, with a version that works and one that does not."""
    found = Found()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as place:
        base = Path(place)
        prepare(base)
        for well in (True, False):
            changes, wrong = crash(base, None, well=well)
            found.wrong += [f"without a crash: {what}" for what in wrong]
            part = crash_at(range(1, (changes or 0) + 1, every), base, well=well)
            found.points += part.points
            found.wrong += part.wrong
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(crash_everywhere())) + "\n")
