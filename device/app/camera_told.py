"""What is seen of a camera when somebody looks through it for a while. No picture is kept."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise

import cv2
import numpy as np

from device.app.config import CameraSection
from device.domain.errors import BadConfig, Fault
from device.domain.reasons import Reason
from device.drivers.camera.process import CameraProcess
from device.drivers.camera.setup import CameraSetup, known
from device.ports.camera import Camera, Frame, Picture

OPENS_S = 15.0
FRAME_S = 3.0
DARK, BRIGHT = 20, 235
"""Mean grey values between which a picture shows something."""
RATE_SHARE = 0.6
"""Of the rate that was asked for; in dim light cameras slow down."""
BLURRED = 12.0
"""A picture whose steepest edges are no steeper than this, in grey values a pixel at half size, shows none: print and
faces in focus reach several times as much. To be set by the bench for the camera that is built in."""
STEEPEST_SHARE = 0.999


@dataclass(frozen=True, slots=True)
class Looks:
    """What a few frames in a row were like."""

    frames_per_second: float
    age_ms: float
    """From the end of an exposure until the unit had it, median."""
    oldest_ms: float
    fresh: bool
    """Every frame was exposed after it was asked for."""
    brightness: float
    """Mean grey value, 0 to 255."""
    sharpness: float
    """How steep the steepest edges are, in grey values a pixel."""
    changes: bool
    """No two frames were alike."""


@dataclass(frozen=True, slots=True)
class CameraTold(Looks):
    """What was seen of one camera."""

    camera: str
    name: str
    width: int
    height: int
    small_stream: bool
    frames: int
    wrong: tuple[str, ...]
    """What is not as it should be; empty where all is well."""


def examine(section: CameraSection, count: int, monotonic_s: Callable[[], float]) -> CameraTold:
    """Look at so many frames. Raise Fault(CAMERA_FAULT) when the camera gives none, BadConfig for no address."""
    if not known(section.source):
        raise BadConfig(
            "name a camera: picamera2:0, v4l2:/dev/video0 or folder:DIR", where=f"source {section.source!r}"
        )
    setup = CameraSetup(section.source, section.width, section.height, section.frames_per_second)
    with CameraProcess(setup.command()) as process:
        opened = process.wait_until_open(OPENS_S)
        looks = look_through(process, count, monotonic_s)
    told = CameraTold(
        **asdict(looks),
        camera=section.source,
        name=opened.name,
        width=opened.width,
        height=opened.height,
        small_stream=opened.has_small,
        frames=count,
        wrong=(),
    )
    return _judged(told, section)


def look_through(camera: Camera, count: int, monotonic_s: Callable[[], float]) -> Looks:
    """Look at so many frames and forget them. Raise Fault(CAMERA_FAULT) when none comes in time."""
    looks = [_look(camera, monotonic_s) for _ in range(count)]
    camera.forget()
    if not looks:
        raise Fault("no frame at all", part="camera", reason=Reason.CAMERA_FAULT)
    # A frame counts all that the camera took, also those that nobody asked for.
    first, last = looks[0], looks[-1]
    span_s = last.taken_s - first.taken_s
    rate = (last.number - first.number) / span_s if span_s > 0 else 0.0
    return Looks(
        frames_per_second=round(rate, 2),
        age_ms=round(statistics.median(look.age_s for look in looks) * 1000, 1),
        oldest_ms=round(max(look.age_s for look in looks) * 1000, 1),
        fresh=all(look.fresh for look in looks),
        brightness=round(statistics.mean(look.brightness for look in looks), 1),
        sharpness=round(statistics.median(look.sharpness for look in looks), 1),
        changes=all(one.trace != other.trace for one, other in pairwise(looks)),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    number: int
    taken_s: float
    age_s: float
    fresh: bool
    brightness: float
    sharpness: float
    trace: int
    """A sum over the pixels: tells two pictures apart and says nothing of either."""


def _look(camera: Camera, monotonic_s: Callable[[], float]) -> _Look:
    asked_s = monotonic_s()
    frame: Frame = camera.next_frame(FRAME_S)
    now_s = monotonic_s()
    return _Look(
        number=frame.number,
        taken_s=frame.taken_s,
        age_s=now_s - frame.taken_s,
        fresh=asked_s <= frame.taken_s <= now_s,
        brightness=float(frame.pixels.mean()),
        sharpness=_steepest(frame.pixels),
        trace=hash(frame.pixels.tobytes()),
    )


def _steepest(picture: Picture) -> float:
    # At half size and smoothed, so that a sensor's noise is no edge.
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    small = cv2.GaussianBlur(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), (3, 3), 0)
    across, down = (cv2.Sobel(small, cv2.CV_32F, dx, 1 - dx, scale=0.125) for dx in (1, 0))
    return float(np.quantile(np.hypot(across, down), STEEPEST_SHARE))


def _judged(told: CameraTold, section: CameraSection) -> CameraTold:
    wrong = []
    if not told.fresh:
        wrong.append("frames are older than the question for them, or stamped in the future")
    if not told.changes:
        wrong.append("the same picture came twice: a frozen stream, or a scene without any noise")
    if told.frames_per_second < RATE_SHARE * section.frames_per_second:
        wrong.append(
            f"{told.frames_per_second:g} frames a second instead of {section.frames_per_second:g}: more light?"
        )
    if told.brightness < DARK:
        wrong.append("the picture is dark: lens covered, no light?")
    if told.brightness > BRIGHT:
        wrong.append("the picture is white: light straight into the lens?")
    if (told.width, told.height) != (section.width, section.height):
        wrong.append(f"the camera films {told.width} x {told.height}, not {section.width} x {section.height}")
    return CameraTold(**(asdict(told) | {"wrong": tuple(wrong)}))
