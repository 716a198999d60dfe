"""Portrait in, template out; frame in, score out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from device.domain.errors import FaceError
from device.domain.reasons import Reason
from device.face.align import align
from device.face.detect import Face, close_up, search
from device.face.embed import Direction, Template, embed, embed_with_mirror
from device.face.manifest import ModelSpec
from device.face.picture import checked
from device.face.quality import FRAME_GATES, PORTRAIT_GATES, Gates, check_cover, check_light, check_pose, the_only_face
from device.ports.camera import Picture
from device.ports.network import Network


@dataclass(frozen=True, slots=True)
class Model:
    """A network that is ready to run, with its entry in the manifest."""

    spec: ModelSpec
    network: Network


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The visitor's face in one frame, good enough to be judged."""

    face: Face
    direction: Direction = field(repr=False)


class FaceLook(Protocol):
    """What the face desk asks of an engine; a simulated one may answer without networks."""

    def template(self, portrait: Picture) -> Template:
        """See `FaceEngine.template`."""

    def see(self, frame: Picture, gates: Gates = FRAME_GATES, *, small: Picture | None = None) -> Seen:
        """See `FaceEngine.see`."""


class FaceEngine:
    """One-to-one comparison of the card's portrait with the visitor's frames. Keeps nothing between calls."""

    def __init__(self, *, detector: Model, embedder: Model) -> None:
        self._detector = detector
        self._embedder = embedder

    def template(self, portrait: Picture) -> Template:
        """Return what the frames are scored against; wipe it when the visit ends.

        Raise FaceError(PORTRAIT_UNREADABLE) when the portrait does not show one clear face.
        """
        checked(portrait, Reason.PORTRAIT_UNREADABLE)
        try:
            _, square = self._found(portrait, PORTRAIT_GATES)
        except FaceError as error:
            raise FaceError(f"the card's portrait: {error}", reason=Reason.PORTRAIT_UNREADABLE) from error
        direction = embed_with_mirror(self._embedder.network, self._embedder.spec, square)
        template = Template(direction)
        direction.fill(0)
        return template

    def score(self, frame: Picture, template: Template, *, small: Picture | None = None) -> float:
        """Return the cosine between the visitor's face and the template, -1..1.

        Raise FaceError(FACE_NOT_FOUND) when no face is good enough to be judged, FaceError(FACE_SEVERAL) when two
        are equally near. What the number means is in the embedder's threshold.
        """
        return template.score(self.see(frame, small=small).direction)

    def see(self, frame: Picture, gates: Gates = FRAME_GATES, *, small: Picture | None = None) -> Seen:
        """Return the visitor's face. Raise FaceError as `score` does, by `gates`.

        `small`: the same exposure scaled down by the camera, where it does that; the face is searched for there.
        """
        checked(frame, Reason.FACE_NOT_FOUND)
        if small is not None:
            checked(small, Reason.FACE_NOT_FOUND)
        face, square = self._found(frame, gates, small)
        return Seen(face, embed(self._embedder.network, self._embedder.spec, square))

    def _found(self, picture: Picture, gates: Gates, small: Picture | None = None) -> tuple[Face, Picture]:
        """Return the only face and its aligned square."""
        network, spec = self._detector.network, self._detector.spec
        roughly = the_only_face(picture, search(network, spec, picture, small), spec.threshold.accept)
        face = close_up(network, spec, picture, roughly)
        if face is None:
            raise FaceError("what looked like a face is none from near", reason=Reason.FACE_NOT_FOUND)
        check_pose(picture, face, gates)
        square = align(picture, face.points)
        check_light(square, gates)
        check_cover(square, gates)
        return face, square
