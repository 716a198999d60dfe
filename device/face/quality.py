"""Is this face good enough to be judged? Poor pictures are turned away with a hint, never scored low."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from device.domain.errors import FaceError
from device.domain.prompts import Phrase
from device.domain.reasons import Reason
from device.face.cover import is_covered
from device.face.detect import Face, Points
from device.ports.camera import Picture

RIVAL_SHARE = 0.5
"""A second face counts when its area is at least this share of the largest: people behind the visitor are smaller."""

EDGE_SHARE = 0.15
"""Nearer to the edge of the picture than this, in widths of the face, counts as at the edge: the box of a face that is
half outside ends up to a tenth before it."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Limits for one kind of picture. Starting values, to be tuned on the site's camera (`models/README.md`)."""

    eye_distance_px: float
    """Between the eyes, at least."""
    largest_share: float
    """Height of the face in the picture's height, at most."""
    roll_deg: float
    """Head tilted towards a shoulder, at most."""
    nose_offset: float
    """Nose off the middle between the eyes, in eye distances, at most: 0.35 is a head turned by roughly 25 degrees."""
    darkest: float
    brightest: float
    """Mean grey value of the aligned face, 0..255."""
    sharpness: float
    """Variance of the Laplacian of the aligned face, at least."""
    uncovered: bool = False
    """Whether mouth and eyes must be seen."""


FRAME_GATES = Gates(
    eye_distance_px=40,
    largest_share=0.85,
    roll_deg=25,
    nose_offset=0.35,
    darkest=40,
    brightest=220,
    sharpness=15,
    uncovered=True,
)
COVERED_GATES = replace(FRAME_GATES, uncovered=False)
"""For whoever keeps on what covers the face, or seems to: the face is compared as it is."""
MOVE_GATES = Gates(
    eye_distance_px=25, largest_share=0.95, roll_deg=35, nose_offset=1.0, darkest=30, brightest=230, sharpness=5
)
"""While the visitor moves as asked: turned, near and less sharp than for a match, but still somebody to recognise."""
PORTRAIT_GATES = Gates(
    eye_distance_px=30, largest_share=1.5, roll_deg=25, nose_offset=0.35, darkest=20, brightest=240, sharpness=0
)
"""The portrait was accepted by an office and cannot be taken again, so only what would make it useless counts."""


def the_only_face(picture: Picture, faces: list[Face], accept: float) -> Face:
    """Return the visitor's face (`faces`: largest first). Raise FaceError(FACE_NOT_FOUND or FACE_SEVERAL)."""
    if not faces:
        raise FaceError("no face is seen", reason=Reason.FACE_NOT_FOUND)
    if faces[0].score < accept:
        # A face that is half outside is seen less clearly, too.
        raise FaceError("no face is seen clearly", reason=Reason.FACE_NOT_FOUND, steer=steering(picture, faces[0]))
    area = faces[0].width * faces[0].height
    rivals = [face for face in faces[1:] if face.width * face.height >= RIVAL_SHARE * area]
    if rivals:
        raise FaceError(f"{1 + len(rivals)} faces of like size", reason=Reason.FACE_SEVERAL)
    return faces[0]


def steering(picture: Picture, face: Face) -> Phrase | None:
    """Return where the face has to go to be seen whole, away from the edge that cuts it off; None if none does.

    The picture is the camera's own, not a mirror's: the visitor looks towards the camera, so what lies to their left
    is at the picture's right. A face at the picture's left edge therefore has to go to the visitor's left.
    """
    height, width = picture.shape[:2]
    room = {
        Phrase.MORE_LEFT: face.left,
        Phrase.MORE_RIGHT: width - face.left - face.width,
        Phrase.LOWER: face.top,
        Phrase.HIGHER: height - face.top - face.height,
    }
    where = min(room, key=lambda side: room[side])
    return where if room[where] < EDGE_SHARE * face.width else None


def check_pose(picture: Picture, face: Face, gates: Gates) -> None:
    """Raise FaceError with what is wrong: FACE_TOO_NEAR, FACE_NOT_FOUND (cut off), FACE_TOO_FAR or FACE_TURNED."""
    height, width = picture.shape[:2]
    if face.height > gates.largest_share * height:
        raise FaceError("the face fills the picture: too near", reason=Reason.FACE_TOO_NEAR)
    if (face.points < 0).any() or (face.points >= (width, height)).any():
        where = steering(picture, face)
        raise FaceError("the face is cut off by the edge of the picture", reason=Reason.FACE_NOT_FOUND, steer=where)
    eyes = face.points[1] - face.points[0]
    distance = float(np.hypot(*eyes))
    if distance < gates.eye_distance_px:
        raise FaceError(f"the eyes are only {distance:.0f} px apart: too far away", reason=Reason.FACE_TOO_FAR)
    if abs(np.degrees(np.arctan2(eyes[1], eyes[0]))) > gates.roll_deg:
        raise FaceError("the head is tilted", reason=Reason.FACE_TURNED)
    if abs(nose_offset(face.points)) > gates.nose_offset:
        raise FaceError("the head is turned away", reason=Reason.FACE_TURNED)


def check_light(square: Picture, gates: Gates) -> None:
    """Raise FaceError(FACE_TOO_DARK, FACE_TOO_BRIGHT or FACE_BLURRED) for an aligned face that is."""
    grey = cv2.cvtColor(square, cv2.COLOR_BGR2GRAY)
    mean = float(grey.mean())
    if mean < gates.darkest:
        raise FaceError("the face is too dark", reason=Reason.FACE_TOO_DARK)
    if mean > gates.brightest:
        raise FaceError("the face is too bright", reason=Reason.FACE_TOO_BRIGHT)
    if float(cv2.Laplacian(grey, cv2.CV_64F).var()) < gates.sharpness:
        raise FaceError("the face is blurred", reason=Reason.FACE_BLURRED)


def check_cover(square: Picture, gates: Gates) -> None:
    """Raise FaceError(FACE_COVERED) for an aligned face whose mouth or eyes seem to be covered, where that counts."""
    if gates.uncovered and is_covered(square):
        raise FaceError("something lies over the face", reason=Reason.FACE_COVERED)


def nose_offset(points: Points) -> float:
    """Return how far the nose lies from the middle of the eyes along their line, in eye distances; 0 is frontal."""
    eyes = points[1] - points[0]
    middle = (points[0] + points[1]) / 2
    return float(np.dot(points[2] - middle, eyes) / np.dot(eyes, eyes))
