"""From photos to directions: each photo as a live frame, and as the portrait that it is compared with.

The portrait is the photo as it is, or as a card would carry it. Only directions leave this module.
"""

from __future__ import annotations

import io
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from device.app.face_evaluation.gallery import Gallery
from device.app.face_models import FaceModels, load_models
from device.domain.errors import BadConfig, FaceError
from device.domain.reasons import Reason
from device.face.align import align
from device.face.detect import Face, close_up, search
from device.face.embed import DIRECTION_LENGTH, Direction, embed, embed_with_mirror
from device.face.engine import Model
from device.face.manifest import ModelSpec
from device.face.picture import checked
from device.face.quality import FRAME_GATES, check_light, check_pose
from device.ports.camera import Picture
from device.ports.network import Network
from device.sim.portrait import Photo, card_portrait

Directions = npt.NDArray[np.float32]
"""One row of unit length per photo; a row of NaN where no face was found."""


@dataclass(frozen=True, slots=True)
class View:
    """How the portrait's side of a comparison looks."""

    name: str
    card_bytes: int | None
    """None: the photo as it is. Else: cut to 240 x 320, grey, JPEG 2000 of about so many bytes, found anew."""


PLAIN = View("plain", None)
CARD_5K = View("card, 5 kB", 5 * 1024)
CARD_12K = View("card, 12 kB", 12 * 1024)


@dataclass(frozen=True, slots=True)
class Measured:
    """All photos, as live frames and as portraits in all views."""

    live: Directions = field(repr=False)
    portraits: dict[View, Directions] = field(repr=False)
    card_bytes: dict[View, float]
    """Mean size that the encoder really came to."""
    refused: Counter[Reason]
    """What the gates of a live frame say of the photos as they are; nothing is left out because of it."""

    def missed(self, view: View) -> npt.NDArray[np.bool_]:
        """Return for each photo whether no face was found in its portrait."""
        return missing(self.portraits[view])


def missing(directions: Directions) -> npt.NDArray[np.bool_]:
    """Return for each photo whether no face was found."""
    return np.asarray(np.isnan(directions[:, 0]), np.bool_)


@dataclass(frozen=True, slots=True)
class Job:
    """What one process needs to know."""

    models_dir: Path
    embedder: str | None
    views: tuple[View, ...]
    erase: bool = False
    """Overwrite and delete each photo once it was measured."""


def measure(gallery: Gallery, job: Job, *, processes: int = 1, say: Callable[[str], None]) -> Measured:
    """Measure every photo; a line of progress goes to `say` every 250.

    Raise BadConfig for a photo that cannot be read, Fault for weights that cannot be used.
    """
    rows: list[_Row] = []
    for row in _rows(gallery, job, processes):
        rows.append(row)
        if len(rows) % 250 == 0:
            say(f"{len(rows)} of {len(gallery.shots)} photos")
    live = np.stack([row.live for row in rows])
    return Measured(
        live=live,
        portraits={view: np.stack([row.portraits[place] for row in rows]) for place, view in enumerate(job.views)},
        card_bytes={
            view: float(np.mean([row.sizes[place] for row in rows if row.sizes[place]] or [0]))
            for place, view in enumerate(job.views)
            if view.card_bytes
        },
        refused=Counter(row.refused for row in rows if row.refused is not None),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    live: Directions
    portraits: list[Directions]
    sizes: list[int]
    refused: Reason | None


_Embed = Callable[[Network, ModelSpec, Picture], Direction]


def _rows(gallery: Gallery, job: Job, processes: int) -> Iterator[_Row]:
    paths = ((job, shot.path) for shot in gallery.shots)
    if processes == 1:
        yield from map(_row, paths)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_row, paths, chunksize=16)


_models_of_process: dict[tuple[Path, str | None], FaceModels] = {}


def _row(task: tuple[Job, Path]) -> _Row:
    job, path = task
    key = (job.models_dir, job.embedder)
    if key not in _models_of_process:
        cv2.setNumThreads(1)
        _models_of_process[key] = load_models(job.models_dir, embedder=job.embedder)
    row = _measured(_models_of_process[key], read_picture(path), job.views)
    if job.erase:
        erase(path)
    return row


def _measured(models: FaceModels, photo: Picture, views: tuple[View, ...]) -> _Row:
    face = central_face(models.detector, photo)
    live = _direction(models, photo, face, embed)
    portraits, sizes = [], []
    for view in views:
        portrait, size, found = photo, 0, face
        if view.card_bytes is not None and face is not None:
            jp2 = card_portrait(Photo(photo, _box(face)), size_bytes=view.card_bytes)
            portrait, size = _decoded(jp2), len(jp2)
            found = central_face(models.detector, portrait)
        portraits.append(_direction(models, portrait, found, embed_with_mirror))
        sizes.append(size)
    return _Row(live, portraits, sizes, _refusal(models, photo, face))


def central_face(detector: Model, photo: Picture) -> Face | None:
    """Return the face nearest to the middle, where the benchmark's person is, with precise points."""
    faces = search(detector.network, detector.spec, photo)
    if not faces:
        return None
    middle = np.array(photo.shape[1::-1]) / 2
    face = min(faces, key=lambda one: float(np.linalg.norm(one.points.mean(axis=0) - middle)) - one.width / 2)
    return close_up(detector.network, detector.spec, photo, face) or face


def _direction(models: FaceModels, photo: Picture, face: Face | None, how: _Embed) -> Direction:
    if face is None:
        return np.full(DIRECTION_LENGTH, np.nan, np.float32)
    return how(models.embedder.network, models.embedder.spec, align(photo, face.points))


def _refusal(models: FaceModels, photo: Picture, face: Face | None) -> Reason | None:
    if face is None or face.score < models.detector.spec.threshold.accept:
        return Reason.FACE_NOT_FOUND
    try:
        check_pose(photo, face, FRAME_GATES)
        check_light(align(photo, face.points), FRAME_GATES)
    except FaceError as error:
        return error.reason
    return None


def _box(face: Face) -> tuple[int, int, int, int]:
    return round(face.left), round(face.top), round(face.width), round(face.height)


def _decoded(jp2: bytes) -> Picture:
    # Our own encoder's file, so the sandbox has nothing to keep out.
    with Image.open(io.BytesIO(jp2)) as image:
        return np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])


def read_picture(path: Path) -> Picture:
    """Return a photo as height x width x 3 BGR, upright. Raise BadConfig naming it."""
    try:
        with Image.open(path) as image:
            rgb = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        return checked(np.ascontiguousarray(rgb[..., ::-1]), Reason.FACE_NOT_FOUND)
    except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadConfig(f"this photo cannot be read: {error}", where=str(path)) from error
    except FaceError as error:
        raise BadConfig(str(error), where=str(path)) from error


def erase(path: Path) -> None:
    """Overwrite a photo and delete it. Raise BadConfig when that cannot be done.

    On flash and on journalled file systems the old bytes may survive elsewhere: only a folder in memory is sure.
    """
    try:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(bytes(size))
            file.flush()
        path.unlink()
    except OSError as error:
        raise BadConfig(f"cannot be erased: {error.strerror}", where=str(path)) from error
