"""Photos of people who stand in for visitors, and the portraits on their simulated cards."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.face.manifest import PhotoSpec, check_digest, parse_photos
from device.ports.camera import Picture

PORTRAIT_WIDTH_PX = 240
PORTRAIT_HEIGHT_PX = 320
PORTRAIT_BYTES = 5_600
"""Facts: the card's portrait is a greyscale JP2; its size is not published, so this is a guess on the small side."""
PORTRAIT_FACE_SHARE = 0.48
"""Height of the face box by height of the portrait: from the eyebrows to the chin, as in a passport photo."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One photo and where its face is."""

    pixels: Picture = field(repr=False)
    face: tuple[int, int, int, int]
    """Left, top, width, height."""

    def cut(self, width: int, height: int, *, face_share: float) -> Picture:
        """Return width x height around the face, which takes `face_share` of the height.

        Where the photo ends, its edge goes on.
        """
        left, top, face_width, face_height = self.face
        scale = face_share * height / face_height
        centre = ((left + face_width / 2) * scale, (top + face_height / 2) * scale)
        # Shrink first: warping alone would skip pixels of a large photo.
        small = cv2.resize(self.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        shift = np.array([[1, 0, width / 2 - centre[0]], [0, 1, height / 2 - centre[1]]])
        cut = cv2.warpAffine(small, shift, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)


def load_photo(models_dir: Path, name: str) -> Photo:
    """Return one photo of `models/photos.toml`, by name.

    Raise Fault(MODEL_MISSING) when it was not fetched, Fault(MODEL_DIGEST_MISMATCH) when it is another file,
    BadConfig when the list has no such name.
    """
    spec = _spec(models_dir / "photos.toml", name)
    path = models_dir / "photos" / spec.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Fault(
            f"the photo {path} is not there; `make setup` gets it", part="photos", reason=Reason.MODEL_MISSING
        ) from error
    check_digest(data, name=str(path), expected=spec.sha256)
    with Image.open(io.BytesIO(data)) as image:
        rgb = np.asarray(image.convert("RGB"))
    return Photo(pixels=np.ascontiguousarray(rgb[..., ::-1]), face=spec.face)


def card_portrait(photo: Photo, *, size_bytes: int = PORTRAIT_BYTES) -> bytes:
    """Return the portrait as a card carries it: greyscale JPEG 2000 in a JP2 file, 240 x 320, of about that size."""
    cut = photo.cut(PORTRAIT_WIDTH_PX, PORTRAIT_HEIGHT_PX, face_share=PORTRAIT_FACE_SHARE)
    grey = Image.fromarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY))
    file = io.BytesIO()
    rate = PORTRAIT_WIDTH_PX * PORTRAIT_HEIGHT_PX / size_bytes
    grey.save(file, format="JPEG2000", irreversible=True, quality_mode="rates", quality_layers=[rate])
    return file.getvalue()


def _spec(path: Path, name: str) -> PhotoSpec:
    photos = {photo.name: photo for photo in parse_photos(path.read_text(encoding="utf-8"), str(path)).photo}
    if name not in photos:
        raise BadConfig(f"there is no photo {name!r}; there are {', '.join(sorted(photos))}", where=str(path))
    return photos[name]
