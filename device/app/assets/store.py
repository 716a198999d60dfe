"""Files below the models folder: what is there, and putting a checked one in its place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.face.manifest import (
    Asset,
    Manifest,
    ModelSpec,
    Photos,
    UpstreamSource,
    parse_manifest,
    parse_photos,
)
from device.whole_file import PUBLIC, put_whole


class Condition(StrEnum):
    """What is known about one file."""

    OK = "ok"
    ABSENT = "absent"
    WRONG_DIGEST = "wrong digest"


@dataclass(frozen=True, slots=True)
class AssetState:
    """One line of `uketsuke models check`."""

    name: str
    path: Path
    role: str
    """`detector`, `embedder`, `liveness`, `ocr` or `photo`."""
    required: bool
    """A unit needs it for the face match."""
    condition: Condition
    advice: str
    """What is wrong and where to get the file; empty when all is well."""


def load_manifest(path: Path) -> Manifest:
    """Return the manifest of weights. Raise BadConfig when it cannot be read."""
    return parse_manifest(_read_text(path), str(path))


def load_photos(path: Path) -> Photos:
    """Return the list of photos. Raise BadConfig when it cannot be read."""
    return parse_photos(_read_text(path), str(path))


def assets(models_dir: Path) -> list[tuple[Asset, Path]]:
    """Return every file that the two lists in `models_dir` name, with its place.

    The list of photos may be left out: a unit in service has no use for them.
    """
    models = load_manifest(models_dir / "manifest.toml").model
    list_of_photos = models_dir / "photos.toml"
    photos = load_photos(list_of_photos).photo if list_of_photos.exists() else ()
    return [(model, weights_path(models_dir, model)) for model in models] + [
        (photo, models_dir / "photos" / photo.file) for photo in photos
    ]


def weights_path(models_dir: Path, model: ModelSpec) -> Path:
    """Return where this model's weights lie."""
    return models_dir / "weights" / model.file


def check(models_dir: Path) -> list[AssetState]:
    """Return the state of every file, absent ones included; reads each file once."""
    return [_state(asset, path) for asset, path in assets(models_dir)]


def condition(asset: Asset, path: Path) -> tuple[Condition, str]:
    """Return what is known about one file, with the digest found (empty when absent)."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return Condition.ABSENT, ""
    return (Condition.OK if found == asset.sha256 else Condition.WRONG_DIGEST), found


def put(path: Path, data: bytes) -> None:
    """Write `data` so that `path` never holds half a file, not even after a power cut. Raise Fault(MODEL_MISSING)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_whole(path, data, mode=PUBLIC)
    except OSError as error:
        raise Fault(
            f"{path} cannot be written: {error.strerror}", part="models", reason=Reason.MODEL_MISSING
        ) from error


def remedy(asset: Asset) -> str:
    """Return what a person can do to get this file."""
    if isinstance(asset.source, UpstreamSource):
        return (
            f"no package registry carries it: take it from {asset.source.where} and name the folder that you put it "
            "into, `uketsuke models fetch --mirror FOLDER`"
        )
    return "`uketsuke models fetch` gets it"


def _state(asset: Asset, path: Path) -> AssetState:
    known, found = condition(asset, path)
    match known:
        case Condition.OK:
            advice = ""
        case Condition.WRONG_DIGEST:
            advice = f"expected SHA-256 {asset.sha256}, found {found}; {remedy(asset)}"
        case Condition.ABSENT:
            advice = remedy(asset)
    return AssetState(
        name=asset.name,
        path=path,
        role=asset.role.value if isinstance(asset, ModelSpec) else "photo",
        required=isinstance(asset, ModelSpec) and asset.required,
        condition=known,
        advice=advice,
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"cannot be read: {error}", where=str(path)) from error
