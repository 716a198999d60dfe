"""What a flat picture cannot do: show a nose that stands out while it turns.

Two views of one plane are related by a homography, whatever the plane's tilt, distance or size. Eyes and mouth are four
points, and four points fix a homography; the nose is the fifth. On a picture, the homography predicts where the nose
comes to lie. On a head the nose stands before the plane of eyes and mouth, so when the head turns it moves farther:
by its depth times the sine of the turn. That excess, along the line of the eyes and measured in the distance from eyes
to mouth (which a turn does not shorten), is the parallax.

How far the nose merely lies off the middle of the eyes is no such proof: a picture held obliquely and rolled shows
that, too. And the detector adds to it: it has learned faces, so where a picture is foreshortened it sees some of a turn
that is not there. What it sees grows with the foreshortening, so a share of that is taken off before anything counts,
and a view that is foreshortened a lot does not count at all. Figures and limits: docs/liveness.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from device.face.detect import Points

CORNERS = (0, 1, 3, 4)
NOSE = 2

MISTAKEN_SHARE = 0.3
"""Of the foreshortening, what the detector may mistake for parallax; measured on pictures that were turned."""
NARROWEST = 0.6
"""Eyes that are closer together than this share of what they were are those of a picture held very obliquely, or of a
head that has turned farther than anybody asked."""

View = npt.NDArray[np.float64]
"""Five points about their centre, in distances from eyes to mouth."""


def view(points: Points) -> View | None:
    """Return the points free of place and size; None when they span nothing."""
    exact = points.astype(np.float64)
    size = float(np.linalg.norm(exact[:2].mean(axis=0) - exact[3:].mean(axis=0)))
    if not np.isfinite(size) or size < 1.0:
        return None
    shifted: View = (exact - exact.mean(axis=0)) / size
    return shifted


def turn_shown(front: View, now: View) -> float | None:
    """Return the part of the parallax that no flat picture explains, positive towards the picture's right.

    None where the view is too foreshortened to tell.
    """
    before = _across(front)
    narrowed = _across(now) / before if before > 0.0 else 0.0
    if not np.isfinite(narrowed) or narrowed < NARROWEST:
        return None
    seen = parallax(front, now)
    return float(np.sign(seen) * max(0.0, abs(seen) - MISTAKEN_SHARE * max(0.0, 1.0 - narrowed)))


def parallax(front: View, now: View) -> float:
    """Return how much farther the nose moved than a picture's would, positive towards the picture's right.

    0 when the points of either view cannot fix a homography.
    """
    homography = _through(front[list(CORNERS)], now[list(CORNERS)])
    if homography is None:
        return 0.0
    x, y, scale = homography @ (front[NOSE, 0], front[NOSE, 1], 1.0)
    eyes = now[1] - now[0]
    length = float(np.hypot(eyes[0], eyes[1]))
    if scale <= 0.0 or length == 0.0:  # seen from behind, or as a line
        return 0.0
    excess = float(np.dot(now[NOSE] - (x / scale, y / scale), eyes) / length)
    return excess if np.isfinite(excess) else 0.0


def _across(points: View) -> float:
    """Return the distance between the eyes."""
    return float(np.hypot(*(points[1] - points[0])))


def _through(before: View, after: View) -> npt.NDArray[np.float64] | None:
    """Return the 3 x 3 homography that takes four points to four points, scaled to 1 at its last place."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip(before, after, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        wanted += [u, v]
    try:
        found = np.linalg.solve(np.array(rows), np.array(wanted))
    except np.linalg.LinAlgError:
        return None
    return np.append(found, 1.0).reshape(3, 3)
