"""The visitor's camera: sharp, exposed, straight, whole, in time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np

from device.ports.camera import Frame
from device.wire.texts import Text
from hw.errors import CannotMeasure
from hw.optics.charts import EDGE_WINDOW, GRID_COLUMNS, GRID_ROWS
from hw.optics.pixels import dead_pixels, distortion_percent, grey_of, hot_pixels, noise
from hw.optics.slanted_edge import NoEdge, measure_edge
from hw.plan import Phase
from hw.record import Drawing, Series
from hw.rig.port import Light, Picture
from hw.session import Session
from hw.uncertainty import Z, mean, of_step, percentile, share_percent

FRAME_S: Final = 3.0
SETTLE: Final = 12
"""Frames until exposure and colours have followed the light."""
LOOKS: Final = 6
FLASHES: Final = 12
FLASH_GREY: Final = 60.0
FLASH_FRAMES: Final = 40
FRAMES: Final = 1000


def measure_camera(session: Session) -> None:
    """Show charts, change the light, count frames."""
    names = CAMERA.measures
    session.attempt(*names[:5], measure=lambda: _exposure(session))
    session.attempt("camera.mtf50", measure=lambda: _sharpness(session))
    session.attempt("camera.distortion_percent", measure=lambda: _distortion(session))
    session.attempt("camera.dead_pixels", measure=lambda: _pixels(session, "camera.dead_pixels"))
    session.attempt("camera.hot_pixels", measure=lambda: _pixels(session, "camera.hot_pixels"))
    session.attempt("camera.latency_ms", measure=lambda: _latency(session))
    session.attempt("camera.frames_lost_percent", measure=lambda: _lost_frames(session))


def _frames(session: Session, picture: Picture, light: Light, count: int) -> list[Frame]:
    session.rig.light(light)
    session.rig.show(picture)
    camera = session.unit.camera
    for _ in range(SETTLE):
        camera.next_frame(FRAME_S)
    return [camera.next_frame(FRAME_S) for _ in range(count)]


def _exposure(session: Session) -> None:
    greys, noises = [], []
    for light in (Light.BRIGHT, Light.OFFICE, Light.DIM):
        pixels = [frame.pixels for frame in _frames(session, Picture.GREY, light, LOOKS)]
        value, uncertainty = mean([float(grey_of(each).mean()) for each in pixels])
        session.measured(f"camera.grey_{light}", value, uncertainty=uncertainty, samples=LOOKS)
        greys.append(value)
        noises.append(noise(pixels))
    session.measured("camera.noise_dim", noises[-1], samples=LOOKS)
    session.draw(
        Series(
            name="exposure",
            title=Text(ja="三つの明るさでの露出", en="Exposure in three lights"),
            drawing=Drawing.BARS,
            x_name="",
            x=[],
            y_name="grey",
            y=greys,
            labels=["bright", "office", "dim"],
            limit_of="camera.grey_office",
        )
    )


def _sharpness(session: Session) -> None:
    grey = np.mean(
        [grey_of(frame.pixels) for frame in _frames(session, Picture.SLANTED_EDGE, Light.OFFICE, LOOKS)], axis=0
    )
    height, width = grey.shape
    left, right, top, bottom = EDGE_WINDOW
    window = grey[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
    try:
        whole = measure_edge(window)
        middle = window.shape[0] // 2
        parts = [measure_edge(part).mtf50 for part in (window[:middle], window[middle:])]
    except NoEdge as error:
        raise CannotMeasure(f"the chart is not seen: {error}") from error
    session.measured(
        "camera.mtf50", whole.mtf50, uncertainty=Z * statistics.stdev(parts) / 2**0.5 + 0.002, samples=LOOKS
    )
    session.draw(
        Series(
            name="mtf",
            title=Text(ja="解像力", en="Sharpness by a slanted edge"),
            drawing=Drawing.CURVE,
            x_name="cycles/px",
            x=[float(each) for each in whole.frequency],
            y_name="MTF",
            y=[float(each) for each in whole.mtf],
            limit_of="camera.mtf50",
        )
    )


def _distortion(session: Session) -> None:
    frames = _frames(session, Picture.GRID, Light.OFFICE, 3)
    try:
        seen = [distortion_percent(frame.pixels, columns=GRID_COLUMNS, rows=GRID_ROWS) for frame in frames]
    except ValueError as error:
        raise CannotMeasure(str(error)) from error
    value, uncertainty = mean(seen)
    session.measured("camera.distortion_percent", value, uncertainty=uncertainty, samples=len(seen))


def _pixels(session: Session, name: str) -> None:
    count: Callable[[list[np.ndarray]], int]
    if name == "camera.dead_pixels":
        frames, count = _frames(session, Picture.GREY, Light.OFFICE, LOOKS), dead_pixels
    else:
        frames, count = _frames(session, Picture.NOTHING, Light.DARK, LOOKS), hot_pixels
    session.measured(name, count([frame.pixels for frame in frames]), samples=LOOKS)
    session.rig.light(Light.OFFICE)


def _latency(session: Session) -> None:
    """Change the picture at a known moment and see when it comes out; an interval of frames is part of it."""
    if not session.rig.knows_when:
        raise CannotMeasure("this rig does not know to a hundredth of a second when its picture changed")
    unit = session.unit
    first, second = (unit.camera.next_frame(FRAME_S) for _ in range(2))
    interval_s = (second.taken_s - first.taken_s) / max(1, second.number - first.number)
    waits_ms = []
    for _ in range(FLASHES):
        _frames(session, Picture.NOTHING, Light.OFFICE, 1)
        session.rig.show(Picture.WHITE)
        shown_s = unit.clock.monotonic_s()
        dark = float(unit.camera.next_frame(FRAME_S).pixels.mean())
        for _ in range(FLASH_FRAMES):
            if dark > FLASH_GREY or float(unit.camera.next_frame(FRAME_S).pixels.mean()) > FLASH_GREY:
                break
        else:
            raise CannotMeasure("the camera does not see the display change")
        waits_ms.append(1000 * (unit.clock.monotonic_s() - shown_s))
    value, spread = percentile(waits_ms, 0.5)
    uncertainty = math.hypot(spread, 1000 * of_step(interval_s))
    session.measured("camera.latency_ms", value, uncertainty=uncertainty, samples=FLASHES)


def _lost_frames(session: Session) -> None:
    """Ask for frame after frame; where more of the source's numbers than usual were passed over, frames were lost."""
    session.rig.show(Picture.GREY)
    camera = session.unit.camera
    numbers = [camera.next_frame(FRAME_S).number for _ in range(FRAMES)]
    steps = [after - before for before, after in pairwise(numbers)]
    usual = statistics.median_low(steps)
    late = sum(step > usual for step in steps)
    value, uncertainty = share_percent(late, len(steps))
    session.measured(
        "camera.frames_lost_percent", value, uncertainty=uncertainty, samples=len(steps), note=f"{late} of {len(steps)}"
    )


CAMERA = Phase(
    name="camera",
    title=Text(ja="カメラ", en="Camera"),
    next_step=Text(
        ja="レンズの汚れとピント、フラットケーブルの挿し込みを確かめてください。",
        en="Check the lens for dirt and focus, and the ribbon's seat.",
    ),
    measures=(
        "camera.grey_bright",
        "camera.grey_office",
        "camera.grey_dim",
        "camera.noise_dim",
        "camera.mtf50",
        "camera.distortion_percent",
        "camera.dead_pixels",
        "camera.hot_pixels",
        "camera.latency_ms",
        "camera.frames_lost_percent",
    ),
    run=measure_camera,
)
