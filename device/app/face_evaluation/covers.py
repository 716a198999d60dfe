"""How often something over a face is noticed, and how often something is seen that is not there.

One photo of each person is looked at as it is, and with everything over it that can be drawn (`device/sim/people`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from device.app.face_evaluation.counts import Share, share
from device.app.face_evaluation.gallery import Gallery
from device.app.face_evaluation.vectors import central_face, read_picture
from device.domain.errors import FaceError
from device.face.align import align
from device.face.cover import is_covered
from device.face.engine import Model
from device.face.quality import COVERED_GATES, check_light, check_pose
from device.sim.people.covers import Cover, covered

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class CoverLine:
    """What was said of photos with this over their faces."""

    over: str
    told: Share
    """Said to be covered, of those that the unit would compare (no face, or one turned away, is told before)."""

    def words(self) -> str:
        """Tell it."""
        told = self.told
        rate = f"{told.count / told.of:.2%} ({told.low:.2%} to {told.high:.2%})"
        return f"{self.over}: said to be covered {told.count} of {told.of}, {rate}"


def look_at_covers(
    gallery: Gallery, detector: Model, *, skip: int = 0, drawn: int | None = None, say: Callable[[str], None]
) -> list[CoverLine]:
    """Look at one photo of each person but the first `skip`, and at the first `drawn` of these with covers, too.

    A line of progress goes to `say` every 100.
    """
    paths = list(_one_of_each(gallery))[skip:]
    told: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for number, path in enumerate(paths):
        covers = tuple(Cover) if drawn is None or number < drawn else ()
        for over, answer in _answers(path, detector, covers, seed=number):
            seen[over] += 1
            told[over] += answer
        if (number + 1) % 100 == 0:
            say(f"{number + 1} of {len(paths)} people")
    return [CoverLine(over, share(told[over], seen[over])) for over in (NOTHING, *Cover) if seen[over]]


def _one_of_each(gallery: Gallery) -> Iterator[Path]:
    known = set()
    for shot in gallery.shots:
        if shot.person not in known:
            known.add(shot.person)
            yield shot.path


def _answers(path: Path, detector: Model, covers: Sequence[Cover], *, seed: int) -> Iterator[tuple[str, bool]]:
    photo = read_picture(path)
    bare = central_face(detector, photo)
    if bare is None:
        return
    for over, picture in (
        (NOTHING, photo),
        *((cover.value, covered(photo, bare.points, cover, seed=seed)) for cover in covers),
    ):
        face = bare if over == NOTHING else central_face(detector, picture)
        if face is None:
            continue
        try:
            check_pose(picture, face, COVERED_GATES)
            square = align(picture, face.points)
            check_light(square, COVERED_GATES)
        except FaceError:
            continue
        yield over, is_covered(square)
