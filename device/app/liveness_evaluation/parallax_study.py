"""How sure a turn is told from a tilted picture: by invented heads and planes, and by photos seen by the real detector.

The invented ones are five points with noise: adults' heads by published means and spreads, and pictures of such heads,
held at any angle up to 60 degrees. They say what geometry can do. The photos say what the detector makes of it: each
frontal photo is held up flat at several angles, and of people with several photos one looking straight is compared with
one looking aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.app.face_evaluation.counts import Share, share
from device.app.liveness_evaluation.presentations import read_picture
from device.domain.errors import FaceError
from device.face.detect import Points, close_up, search
from device.face.engine import Model
from device.face.liveness import turn_shown, view
from device.face.quality import nose_offset, the_only_face
from device.ports.camera import Picture
from device.sim.people.flat import held_up

Space = npt.NDArray[np.float64]

HEAD_MM = np.array([(-31, -33, 0), (31, -33, 0), (0, 4, 24), (-25, 33, 6), (25, 33, 6)], float)
"""Eyes, tip of the nose, corners of the mouth of an adult; x right, y down, z towards the camera."""
SPREAD_MM = np.array([(2, 2, 1), (2, 2, 1), (1, 4, 4), (2.5, 4, 4), (2.5, 4, 4)], float)
NOISE_SHARES = (0.01, 0.02, 0.03)
"""Of the distance from eyes to mouth: how far a point is misplaced in one frame (standard deviation)."""
INVENTED = 4000
HEAD_YAWS = (25, 35, 45)
TILTS = (20, 30, 40, 50)
STRAIGHT = 0.08
"""Nose off the middle of the eyes, in eye distances: a frontal photo."""
ASIDE = ((0.15, 0.25), (0.25, 0.35), (0.35, 0.6))
"""How much farther off in the other photo of the same person: some 20, 30 and 40 degrees."""
PHOTOS = 250


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one kind."""

    kind: str
    passed: Share
    is_head: bool

    def words(self) -> str:
        """Return it as a line of text."""
        errors = share(self.passed.of - self.passed.count, self.passed.of) if self.is_head else self.passed
        what = "not seen to turn" if self.is_head else "taken for a turn"
        rate = 100 * errors.count / errors.of
        interval = f"({100 * errors.low:.2f} to {100 * errors.high:.2f})"
        return f"{self.kind:46} {errors.count:5}/{errors.of:<5} {what} {rate:6.2f} % {interval}"


def invented(limit: float, *, frames: int, tries: int = INVENTED, seed: int = 1) -> list[Line]:
    """Return how many invented heads and planes reach the limit, as the mean over `frames` noisy frames."""
    chance = np.random.default_rng(seed)
    lines = []
    for noise in NOISE_SHARES:
        spread = noise / np.sqrt(frames)
        flat = sum(_plane_passes(chance, spread, limit) for _ in range(tries))
        lines.append(Line(f"invented plane, any tilt, noise {noise:.0%}", share(flat, tries), is_head=False))
        for yaw in HEAD_YAWS:
            heads = sum(_head_passes(chance, yaw, spread, limit) for _ in range(tries))
            lines.append(Line(f"invented head at {yaw} degrees, noise {noise:.0%}", share(heads, tries), is_head=True))
    return lines


def photographed(
    people: Sequence[Sequence[Path]], detector: Model, limit: float, say: Callable[[str], None], *, seed: int = 1
) -> list[Line]:
    """Return how many photos held up flat, and how many people who look aside, reach the limit in a single view.

    `people`: the photos of each person.
    """
    chance = np.random.default_rng(seed)
    say(f"looking for faces in the photos of {len(people)} people")
    seen = [
        [(path, points) for path in photos if (points := _points(read_picture(path), detector)) is not None]
        for photos in people
    ]
    straight = [path for photos in seen for path, points in photos if abs(nose_offset(points)) < STRAIGHT]
    chosen = [straight[place] for place in chance.permutation(len(straight))[:PHOTOS]]
    lines = []
    for tilt in TILTS:
        say(f"{len(chosen)} photos held up at {tilt} degrees")
        shown = [
            amount for path in chosen if (amount := _tilted(read_picture(path), detector, chance, tilt)) is not None
        ]
        if shown:
            passed = share(sum(amount >= limit for amount in shown), len(shown))
            lines.append(Line(f"photo held flat at {tilt} degrees", passed, is_head=False))
    for least, most in ASIDE:
        shown = [
            amount
            for photos in seen
            for _, front in photos
            for _, other in photos
            if abs(nose_offset(front)) < STRAIGHT
            and least <= abs(nose_offset(other) - nose_offset(front)) < most
            and (amount := _shown(front, other, float(np.sign(nose_offset(other))))) is not None
        ]
        if shown:
            passed = share(sum(amount >= limit for amount in shown), len(shown))
            lines.append(Line(f"person who looks aside, nose off by {least:g} to {most:g}", passed, is_head=True))
    return lines


def _head_passes(chance: np.random.Generator, yaw: float, spread: float, limit: float) -> bool:
    head = HEAD_MM + chance.normal(0, 1, (5, 3)) * SPREAD_MM
    far_mm = chance.uniform(300, 700)
    side = chance.choice([-1.0, 1.0])
    front = _seen(head, chance.normal(0, 4), chance.normal(0, 6), chance.normal(0, 4), far_mm)
    now = _seen(head, side * yaw + chance.normal(0, 2), chance.normal(0, 6), chance.normal(0, 6), far_mm)
    amount = _shown(_noisy(front, spread, chance), _noisy(now, spread, chance), side)
    return amount is not None and bool(amount >= limit)


def _plane_passes(chance: np.random.Generator, spread: float, limit: float) -> bool:
    head = HEAD_MM + chance.normal(0, 1, (5, 3)) * SPREAD_MM
    printed = _seen(head, chance.normal(0, 4), chance.normal(0, 6), chance.normal(0, 4), chance.uniform(500, 2000))
    flat = np.column_stack([printed * chance.uniform(1, 3), np.zeros(5)])
    far_mm = chance.uniform(300, 900)
    front = _seen(flat, chance.normal(0, 5), chance.normal(0, 5), chance.normal(0, 4), far_mm)
    now = _seen(flat, chance.uniform(-60, 60), chance.uniform(-40, 40), chance.normal(0, 10), far_mm)
    amount = _shown(_noisy(front, spread, chance), _noisy(now, spread, chance), chance.choice([-1.0, 1.0]))
    return amount is not None and bool(amount >= limit)


def _seen(body: Space, yaw: float, pitch: float, roll: float, far_mm: float) -> Space:
    """Return the body's points as a pinhole camera sees them, scaled back to millimetres."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned = (body - body.mean(axis=0)) @ (about_z @ about_x @ about_y).T
    points: Space = turned[:, :2] / (far_mm - turned[:, 2:]) * far_mm
    return points


def _noisy(points: Space, spread: float, chance: np.random.Generator) -> Space:
    size = float(np.linalg.norm(points[:2].mean(axis=0) - points[3:].mean(axis=0)))
    noisy: Space = points + chance.normal(0, spread * size, points.shape)
    return noisy


def _shown(front: Space | Points, now: Space | Points, side: float) -> float | None:
    one, other = view(np.asarray(front, np.float32)), view(np.asarray(now, np.float32))
    amount = None if one is None or other is None else turn_shown(one, other)
    return None if amount is None else float(side * amount)


def _tilted(photo: Picture, detector: Model, chance: np.random.Generator, tilt: float) -> float | None:
    straight = _points(_filmed(held_up(photo), chance), detector)
    yaw = float(chance.choice([-1.0, 1.0])) * (tilt + chance.normal(0, 2))
    tilted = _points(_filmed(held_up(photo, yaw_deg=yaw, pitch_deg=chance.normal(0, 8)), chance), detector)
    if straight is None or tilted is None:
        return None
    return max(_shown(straight, tilted, 1.0) or 0.0, _shown(straight, tilted, -1.0) or 0.0)


def _filmed(scene: Picture, chance: np.random.Generator) -> Picture:
    return np.clip(scene + chance.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)


def _points(picture: Picture, detector: Model) -> Points | None:
    network, spec = detector.network, detector.spec
    try:
        roughly = the_only_face(picture, search(network, spec, picture), spec.threshold.accept)
        face = close_up(network, spec, picture, roughly)
    except FaceError:
        return None
    return None if face is None else face.points
