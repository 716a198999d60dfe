"""What `models/manifest.toml` says: which weights, from where, fed how, judged by which threshold.

A threshold belongs to one model and never carries over to another, so it stands in the same entry as the weights'
digest. Whoever wants a network takes its entry from here; nothing else of ours names a file of weights.
"""

from __future__ import annotations

import hashlib
import tomllib
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, lower-case hex."""

FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A plain name: it becomes a path below the models folder, so it may not lead out of it."""

Text = Annotated[str, Meta(min_length=1)]


class Role(StrEnum):
    """What a network is for."""

    DETECTOR = "detector"
    EMBEDDER = "embedder"
    LIVENESS = "liveness"
    OCR = "ocr"
    """Reads the print on the card's front."""


class ArchiveSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="archive", tag_field="kind"):
    """One member of one archive of a Python package, as a package registry serves it."""

    package: Text
    version: Text
    archive_sha256: Digest
    format: Annotated[str, Meta(pattern=r"^(wheel|sdist)$")]
    platform: str = ""
    """A wheel that exists once per platform is asked for by this tag, so that the digest is the same everywhere."""
    python: str = ""
    """The Python version of that wheel, e.g. `3.11`."""
    member: Text
    member_sha256: Digest
    fold: bool = False
    """The member is brought into a quicker form at set-up; the entry's own digest is the result's."""


class UpstreamSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="upstream", tag_field="kind"):
    """A file that no package registry carries: said where it is published, and taken from a mirror folder."""

    where: Text
    """An address that a person can open."""
    published_as: tuple[FileName, ...]
    """Its names there and elsewhere; a mirror folder may keep them."""
    published_sha256: Digest | None = None
    """Set where the published file is brought into a quicker form at set-up: the entry's own digest is the result's."""
    origin: Text
    """Whose work it is, and how that was checked."""


Source = ArchiveSource | UpstreamSource


class Asset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file below the models folder."""

    name: Text
    file: FileName
    sha256: Digest
    licence: Text
    source: Source


class InputSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the network is fed: N x 3 x height x width float32; 0 means any multiple of 32."""

    tensor: Text
    height: Annotated[int, Meta(ge=0)]
    width: Annotated[int, Meta(ge=0)]
    channels: Annotated[str, Meta(pattern=r"^(bgr|rgb)$")]
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Values are 0..255; each channel becomes (value - mean) / std."""
    enlarge: Annotated[float, Meta(ge=1.0)] = 1.0
    """How many times the detector's box is enlarged for networks that look at a face's surroundings."""
    note: str = ""


class Threshold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `accept` up: yes. Below `retry`: no. Between them: look again."""

    accept: float
    retry: float
    provenance: Text
    """The measurement or publication that the two numbers come from."""

    def __post_init__(self) -> None:
        if not self.retry <= self.accept:
            raise ValueError("retry must not be above accept")


class Identity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Least cosines of an embedder for frames of a person who moves; docs/liveness.md, "Same person"."""

    portrait: float
    """With the card's portrait."""
    first: float
    """With the first frame of the attempt."""
    provenance: Text


class ModelSpec(Asset, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One network's weights and how to use them."""

    role: Role
    version: Text
    required: bool
    """Without a required file the unit has no face path; the others are reported when absent."""
    modified: str = ""
    """How the file differs from what its authors published."""
    input: InputSpec
    threshold: Threshold
    identity: Identity | None = None
    """Of embedders; one that has none cannot be used where liveness is asked for."""


class PhotoSpec(Asset, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One photo for demonstration and tests."""

    shows: Text
    face: tuple[int, int, int, int]
    """Left, top, width, height of the face, in pixels."""
    rights: Text


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in `models/manifest.toml`."""

    model: tuple[ModelSpec, ...]

    def the(self, role: Role) -> ModelSpec:
        """Return the required model of this role. Raise BadConfig unless there is exactly one."""
        found = [model for model in self.model if model.role is role and model.required]
        if len(found) != 1:
            raise BadConfig(f"{len(found)} required models of role {role}, there must be one", where="models/manifest")
        return found[0]

    def embedder(self, name: str | None = None) -> ModelSpec:
        """Return the embedder of that name, or the default one. Raise BadConfig, naming those there are."""
        if name is None:
            return self.the(Role.EMBEDDER)
        embedders = {model.name: model for model in self.model if model.role is Role.EMBEDDER}
        if name not in embedders:
            raise BadConfig(f"no embedder {name!r}; there are {', '.join(sorted(embedders))}", where="models/manifest")
        return embedders[name]


class Photos(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in `models/photos.toml`."""

    photo: tuple[PhotoSpec, ...]


_List = TypeVar("_List", Manifest, Photos)


def parse_manifest(text: str, where: str) -> Manifest:
    """Return the manifest. Raise BadConfig, naming the option, when it is not one."""
    return _parse(text, where, Manifest)


def parse_photos(text: str, where: str) -> Photos:
    """Return the list of photos. Raise BadConfig, naming the option, when it is not one."""
    return _parse(text, where, Photos)


def check_digest(data: bytes, *, name: str, expected: str) -> bytes:
    """Return `data` if it is what the manifest promises; raise Fault(MODEL_DIGEST_MISMATCH) with both digests."""
    check_found(hashlib.sha256(data).hexdigest(), name=name, expected=expected)
    return data


def check_found(found: str, *, name: str, expected: str) -> None:
    """Raise Fault(MODEL_DIGEST_MISMATCH) with both SHA-256 digests unless they are the same."""
    if found != expected:
        raise Fault(
            f"{name} is not the file that the manifest names: expected SHA-256 {expected}, found {found}",
            part="models",
            reason=Reason.MODEL_DIGEST_MISMATCH,
        )


def _parse(text: str, where: str, kind: type[_List]) -> _List:
    try:
        parsed = msgspec.convert(tomllib.loads(text), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadConfig(str(error), where=where) from error
    names = [asset.file for asset in _assets(parsed)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadConfig(f"more than one entry for {', '.join(sorted(twice))}", where=where)
    return parsed


def _assets(parsed: Manifest | Photos) -> tuple[Asset, ...]:
    return parsed.model if isinstance(parsed, Manifest) else parsed.photo
