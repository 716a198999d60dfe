"""Bundles: one zip of plain files, the same to the last byte whenever it is made from the same files.

A bundle of software holds what its wheels hold, below `site`, and a program that runs it from wherever it lies. A unit
needs neither pip nor a network to take it, and bundles for a Pi can be made on any machine.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from device.domain.errors import BadConfig
from device.domain.updates import ANY_PLATFORM, Kind
from device.whole_file import PUBLIC
from device.wire.texts import Text
from device.wire.updates import About
from provisioning.files import write_whole

PROGRAM: Final = "bin/uketsuke"
_START: Final = """\
#!/usr/bin/env -S python3 -I
# Runs the version that this file belongs to, also through a link, and stays with it when the link is switched.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "site"))
from device.app.entry import main

main()
"""
_WHEEL = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[^-]+)(-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_INTO_SITE = re.compile(r"^[^/]+\.data/(purelib|platlib)/")
_ELSEWHERE = re.compile(r"^[^/]+\.data/")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""Zip knows nothing earlier. Times of files say nothing here, and would make every bundle a new one."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a bundle."""

    data: bytes
    executable: bool = False


def software(wheels: Iterable[Path]) -> tuple[str, dict[str, Content]]:
    """Return version and content of a bundle of these wheels, one of which is uketsuke's. Raise BadConfig."""
    version = ""
    content = {PROGRAM: Content(_START.encode(), executable=True)}
    for wheel in wheels:
        named = _WHEEL.fullmatch(wheel.name)
        if not named:
            raise BadConfig("is not named like a wheel", where=str(wheel))
        if named["name"] == "uketsuke":
            version = named["version"]
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        except (OSError, zipfile.BadZipFile) as error:
            raise BadConfig("is no wheel", where=str(wheel)) from error
        for name, data in members.items():
            place = "site/" + _INTO_SITE.sub("", name)
            # Scripts and headers: the bundle has one program, its own.
            if _ELSEWHERE.match(place.removeprefix("site/")):
                continue
            if content.get(place, Content(data)).data != data:
                raise BadConfig(f"another wheel has {name} too", where=str(wheel))
            content[place] = Content(data)
    if not version:
        raise BadConfig("one of them must be uketsuke's own", where="the wheels")
    return version, content


def models(folder: Path) -> dict[str, Content]:
    """Return the content of a bundle of models: the manifest and the weights that it names. Raise BadConfig."""
    manifest = _read(folder / "manifest.toml")
    content = {"manifest.toml": Content(manifest)}
    try:
        entries: list[dict[str, Any]] = tomllib.loads(manifest.decode())["model"]
        named = [(str(entry["file"]), str(entry["sha256"]), bool(entry["required"])) for entry in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig("is no manifest of models", where=str(folder / "manifest.toml")) from error
    for file, digest, required in named:
        path = folder / "weights" / file
        if not path.exists() and not required:
            continue
        data = _read(path)
        if hashlib.sha256(data).hexdigest() != digest:
            raise BadConfig("is not the file that the manifest names", where=str(path))
        content[f"weights/{file}"] = Content(data)
    return content


def voice(folder: Path) -> dict[str, Content]:
    """Return the content of a bundle of recordings, as `uketsuke voice build` makes them. Raise BadConfig."""
    content = {path.name: Content(_read(path)) for path in folder.glob("*.wav")}
    if not content:
        raise BadConfig("holds no recordings; `uketsuke voice build` makes them", where=str(folder))
    return {**content, "made.json": Content(_read(folder / "made.json"))}


def write_bundle(path: Path, content: Mapping[str, Content]) -> None:
    """Write a bundle. Raise Fault when the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.packing")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content):
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if content[name].executable else 0o100644) << 16
            archive.writestr(info, content[name].data)
    write_whole(path, draft.read_bytes(), mode=PUBLIC)
    draft.unlink()


def describe(
    bundle: Path,
    *,
    kind: Kind,
    version: str,
    reason: Text,
    released_at: datetime,
    platform: str = ANY_PLATFORM,
    minimum: str | None = None,
) -> About:
    """Return what the signed list will say of this bundle. Raise BadConfig where it is none."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            sizes = [info.file_size for info in archive.infolist()]
    except (OSError, zipfile.BadZipFile) as error:
        raise BadConfig("is no bundle", where=str(bundle)) from error
    return About(
        kind=kind,
        version=version,
        platform=platform,
        minimum=minimum,
        unpacked=sum(sizes),
        files=len(sizes),
        reason=reason,
        released_at=released_at,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=str(path)) from error
